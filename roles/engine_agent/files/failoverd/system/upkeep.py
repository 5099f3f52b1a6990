# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the long tasks of the daemon alive: a task that ends unasked is started again (F75).

If threads, memory or descriptors run out for a moment, the task that asks for them just then ends.
A daemon that lived on without its DRBD watcher would decide on an old state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
"""Pause before the task starts again; doubled each time."""
STEADY_S = 30.0
"""A task that has lived so long counts as healthy."""
HOPELESS_S = 60.0
"""A task may keep failing for so long. Then the whole daemon restarts, which harms no service (F31)
and frees all resources of this life."""

Work = Callable[[], Awaitable[None]]
Tell = Callable[[str], None]


def nobody(_text: str) -> None:
    """Ignores the text."""


class Upkeep:
    """The long tasks of one life."""

    def __init__(self, tell: Tell, hopeless: Tell) -> None:
        """tell: a note for people. hopeless: ends this life of the daemon."""
        self._tell = tell
        self._hopeless = hopeless
        self._tasks: list[asyncio.Task[None]] = []

    def keep(self, name: str, work: Work) -> None:
        """Run work() for ever. name: the task, for people."""
        self._tasks.append(keep(name, work, self._tell, self._hopeless))

    def close(self) -> None:
        """Cancel all tasks."""
        for task in self._tasks:
            task.cancel()


def keep(name: str, work: Work, tell: Tell = nobody, hopeless: Tell = nobody) -> asyncio.Task[None]:
    """A task that runs work() again whenever it ends, until the task is cancelled."""
    return asyncio.get_running_loop().create_task(_live(name, work, tell, hopeless), name=name)


async def _live(name: str, work: Work, tell: Tell, hopeless: Tell) -> None:
    clock = asyncio.get_running_loop().time
    failing_since, pause_s, told = clock(), FIRST_PAUSE_S, ""
    while True:
        began = clock()
        why = await _outcome(work)
        now = clock()
        if now - began >= STEADY_S:
            failing_since, pause_s, told = now, FIRST_PAUSE_S, ""
        text = f"{name} ended: {why}; it starts again"
        if text != told:
            told = text
            _safely(tell, text)
        if now - failing_since >= HOPELESS_S:
            _safely(hopeless, f"{name} keeps failing: {why}; failoverd restarts")
        await _pause(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def _outcome(work: Work) -> str:
    try:
        await work()
    except Exception as error:
        return f"{type(error).__name__}: {error}".removesuffix(": ")
    return "it returned, which it never should"


async def _pause(seconds: float) -> None:
    """The error that ended the task may hit this pause as well."""
    try:
        await asyncio.sleep(seconds)
    except Exception:
        await asyncio.sleep(0)


def _safely(tell: Tell, text: str) -> None:
    """The error that ended the task may hit this note as well. The task matters more."""
    try:
        tell(text)
    except Exception:
        return
