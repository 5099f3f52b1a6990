# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the kernel on threads, because a file system on a dead disk may never answer (F44)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from failoverd.system.aside import aside

ANSWER_S = 10.0


class Asker:
    """At most one thread hangs for each key."""

    def __init__(self, answer_s: float = ANSWER_S) -> None:
        self._answer_s = answer_s
        self._pending: dict[str, asyncio.Future[Any]] = {}

    async def ask(self, key: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """The result of the function; raises its errors, and OSError while it does not answer."""
        future = self._pending.get(key)
        if future is None:
            future = self._pending[key] = aside(function, *arguments)
        await asyncio.wait([future], timeout=self._answer_s)
        if not future.done():
            raise OSError(0, "the file system does not answer")
        del self._pending[key]
        return future.result()
