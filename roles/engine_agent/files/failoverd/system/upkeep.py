# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the daemon's long tasks alive: one that ends unasked begins again (F75).

A thread that the system refuses, memory or descriptors that run out for a moment end whatever asks
for them just then. A daemon that lives on without its DRBD watcher decides on what was so before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
"""Before it begins again; doubled each time."""
STEADY_S = 30.0
"""One that has lived so long was well."""
HOPELESS_S = 60.0
"""For so long it may fail again and again. Then the whole daemon begins anew, which harms no
service (F31) and frees whatever this life has used up."""

Work = Callable[[], Awaitable[None]]
Tell = Callable[[str], None]


def nobody(_text: str) -> None:
    """Whom nothing is told."""


class Upkeep:
    """The long tasks of one life."""

    def __init__(self, tell: Tell, hopeless: Tell) -> None:
        """tell: a note for people. hopeless: ends this life of the daemon."""
        self._tell = tell
        self._hopeless = hopeless
        self._tasks: list[asyncio.Task[None]] = []

    def keep(self, name: str, work: Work) -> None:
        """Do work() for ever. name: which task this is, for people."""
        self._tasks.append(keep(name, work, self._tell, self._hopeless))

    def close(self) -> None:
        """End them all; each as it ends when it is cancelled."""
        for task in self._tasks:
            task.cancel()


def keep(name: str, work: Work, tell: Tell = nobody, hopeless: Tell = nobody) -> asyncio.Task[None]:
    """A task that does work() for ever, whatever becomes of it, until the task is cancelled."""
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
        text = f"{name} has ended: {why}; it begins again"
        if text != told:
            told = text
            _safely(tell, text)
        if now - failing_since >= HOPELESS_S:
            _safely(hopeless, f"{name} does not stay alive: {why}; failoverd begins anew")
        await _pause(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def _outcome(work: Work) -> str:
    try:
        await work()
    except Exception as error:
        return f"{type(error).__name__}: {error}".removesuffix(": ")
    return "it was done, which it never should be"


async def _pause(seconds: float) -> None:
    """What has ended the task may end the pause behind it as well."""
    try:
        await asyncio.sleep(seconds)
    except Exception:
        await asyncio.sleep(0)


def _safely(tell: Tell, text: str) -> None:
    """What has ended the task may end its note as well; the task matters more."""
    try:
        tell(text)
    except Exception:
        return
