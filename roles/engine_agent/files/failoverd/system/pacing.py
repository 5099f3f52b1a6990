# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Periodic work runs when the daemon is awake anyway: at a heartbeat.

Waking up costs more than most of this work: caches are cold, and a processor core leaves its sleep
state. So a pause that need not be exact gets no timer of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Rest = Callable[[float], Awaitable[None]]
"""Pauses for a number of seconds: asyncio.sleep, or Pacing.rest if the pause need not be exact."""
Pause = Callable[[float], asyncio.Future[None]]
"""The same as a future, which a caller in a hurry may end."""

TOLERANCE = 0.25
"""If rounding to whole beats changes a pause by a larger share, the pause is exact."""


class Pacing:
    """The owner calls beat() about every beat_s seconds."""

    def __init__(self, beat_s: float) -> None:
        self._beat_s = beat_s
        self._resting: list[tuple[float, asyncio.Future[None]]] = []

    def beat(self, now: float) -> None:
        """End each pause that is over, or that ends nearer to this beat than to the next."""
        due = now + self._beat_s / 2
        over = [future for at, future in self._resting if at <= due]
        if not over:
            return
        self._resting = [entry for entry in self._resting if entry[0] > due]
        for future in over:
            end(future)

    def pause(self, seconds: float) -> asyncio.Future[None]:
        """Pause until the nearest beat, or exactly, if the nearest beat is too far off."""
        beats = max(1, round(seconds / self._beat_s))
        if abs(beats * self._beat_s - seconds) > TOLERANCE * seconds:
            return exactly(seconds)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._resting.append((loop.time() + seconds, future))
        return future

    async def rest(self, seconds: float) -> None:
        """The same as a coroutine."""
        await self.pause(seconds)


def exactly(seconds: float) -> asyncio.Future[None]:
    """A pause with a timer of its own."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    timer = loop.call_later(seconds, end, future)
    future.add_done_callback(lambda _future: timer.cancel())
    return future


def end(pause: asyncio.Future[None]) -> None:
    """End it now, unless it is over."""
    if not pause.done():
        pause.set_result(None)
