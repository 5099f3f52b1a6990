# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the kernel that are not done in time: what is to blame, and what comes behind them."""

from __future__ import annotations

import asyncio
import threading

import pytest

from failoverd.resources.base import ResourceError
from failoverd.resources.calls import Calls


def test_a_disk_is_blamed_only_while_a_call_waits_for_one() -> None:
    """On a node that is too busy the search for users of a disk takes long; the disk is well."""
    go_on = threading.Event()

    async def main() -> None:
        calls = Calls("/srv/shop")
        now = asyncio.get_running_loop().time
        with pytest.raises(ResourceError) as caught:
            await calls.run("unmounting it", now() + 0.1, go_on.wait)
        said = (
            "/srv/shop: unmounting it takes too long without waiting for a disk:"
            " this node is too busy"
        )
        assert str(caught.value) == said
        assert calls.hanging
        go_on.set()
        assert await calls.run("a look at it", now() + 60, lambda: "done") == "done"

    asyncio.run(main())
