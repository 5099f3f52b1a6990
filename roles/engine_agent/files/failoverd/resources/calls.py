# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""System calls that a dead disk may block for ever: waits with a limit, one call at a time (S8).

A call in the kernel cannot be cancelled. An abandoned call stays on its own thread. No other call
is made before it has ended, because it may still take effect.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from failoverd.system import trouble
from failoverd.system.aside import aside
from failoverd.system.pidfd import state_of

from .base import ResourceError

T = TypeVar("T")
RETRY_S = 0.2
THREADS = "/proc/self/task"
WAITS_FOR_DISK = "D"
"""The state of a thread that only the end of its input or output can wake."""


class Calls:
    """The calls of one resource: one at a time, and at most one abandoned call."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = asyncio.Lock()
        self._left: asyncio.Future[Any] | None = None
        self._doing = ""
        self._thread = 0

    @property
    def hanging(self) -> bool:
        """Whether an abandoned call is under way."""
        return self._left is not None and not self._left.done()

    async def run(self, doing: str, until: float, call: Callable[..., T], *arguments: Any) -> T:
        """Call it on a thread. doing: in words. until: loop time of the end of the wait.

        Raises the error of the call, and ResourceError if it or an earlier one does not end.
        """
        want = ""
        try:
            async with asyncio.timeout_at(until), self._turn:
                if self._left is not None and not self._left.done():
                    await asyncio.wait([self._left])
                self._doing = doing
                while True:
                    self._left = future = aside(self._call, call, *arguments)
                    # The error of an abandoned call is dropped.
                    future.add_done_callback(lambda done: done.exception())
                    await asyncio.wait([future])
                    error = future.exception()
                    if error is None or not trouble.own(error):
                        return future.result()
                    # Lacking means of this daemon are no failure of the resource (F75).
                    want = trouble.reason(error)
                    await asyncio.sleep(RETRY_S)
        except TimeoutError:
            why = f"failoverd itself cannot: {want}"
            if self.hanging:
                why = f"{self._doing} {self._slowness()}"
        raise ResourceError(f"{self._name}: {why}")

    def _call(self, call: Callable[..., T], *arguments: Any) -> T:
        self._thread = threading.get_native_id()
        return call(*arguments)

    def _slowness(self) -> str:
        """Blame a disk only while the call waits for one."""
        if state_of(self._thread, THREADS) == WAITS_FOR_DISK:
            return "hangs: the disk below does not answer"
        return "takes too long without waiting for a disk: this node is too busy"
