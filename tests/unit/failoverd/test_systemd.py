# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wait for a job of systemd."""

from __future__ import annotations

import asyncio

import pytest

from failoverd.system.systemd import Systemd


@pytest.mark.parametrize("steps", range(5))
def test_a_wait_for_a_job_that_is_given_up_ends_though_another_job_ends_just_then(
    steps: int,
) -> None:
    """Else the limit of a start or stop would not end it."""

    async def main() -> None:
        systemd = Systemd()
        waiting = asyncio.ensure_future(systemd.finished("/job/1", "shop.service"))
        for _step in range(5):
            await asyncio.sleep(0)
        ended, systemd._changed = systemd._changed, asyncio.Event()
        systemd._results["/job/2"] = "done"
        ended.set()
        for _step in range(steps):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting], timeout=0.5)
        cancelled = waiting.cancelled()
        waiting.cancel()
        assert cancelled

    asyncio.run(main())
