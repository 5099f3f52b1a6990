# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locks on the shared disk as an exclusion method: holding all of them excludes the peer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from failoverd.core.actions import Ask
from failoverd.core.events import Power
from failoverd.core.lock import superfluous
from failoverd.core.state import Life, State
from failoverd.system.pacing import Rest

from .block import LockError
from .lock import Lock

TIDY_S = 0.5
SLACK_S = 5.0
LOOK_S = 5.0
LOOK_EVERY_S = 0.5
UNHEARD = (Life.SUSPECT, Life.SILENT)


class Locks:
    """Takes every lock when it has aged out. A question only reads the disk."""

    def __init__(self, name: str, locks: Mapping[str, Lock]) -> None:
        self.name = name
        self._locks = locks

    async def perform(self, ask: Ask) -> tuple[Power, str]:
        """OFF only if this node holds all locks; everything unclear is UNKNOWN (F03)."""
        if ask is not Ask.OFF:
            return await self._look()
        done = await asyncio.gather(*map(self._take, self._locks.values()))
        problems = [problem for problem in done if problem]
        if problems or not done:
            return Power.UNKNOWN, "; ".join(problems) or "there is no lock"
        return Power.OFF, f"this node holds all locks: {', '.join(self._locks)}"

    async def check(self) -> tuple[Power, str]:
        """The same as for the core."""
        return await self.perform(Ask.STATUS)

    @staticmethod
    async def _take(lock: Lock) -> str:
        times = lock.place.times
        limit_s = 2 * (times.timeout_s + times.collision_s) + SLACK_S
        try:
            await lock.acquire(limit_s)
        except LockError as error:
            return str(error)
        return ""

    async def _look(self) -> tuple[Power, str]:
        for lock in self._locks.values():
            try:
                async with asyncio.timeout(LOOK_S):
                    await lock.block.look()
            except TimeoutError:
                return Power.UNKNOWN, f"{lock.place}: the disk does not answer"
            except LockError as error:
                return Power.UNKNOWN, str(error)
        return Power.ON, "the lock disk answers"

    def warm(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """The locks belong to the services."""


async def keep(
    locks: Mapping[str, Lock], state: Callable[[], State], rest: Rest = asyncio.sleep
) -> None:
    """Continue to hold the locks of an earlier life, and give back superfluous ones, for ever.

    This begins before the services are probed: a slow probe of another resource would let the lock
    age out meanwhile (F31, F53, F65).
    """
    for lock in locks.values():
        await lock.recall()
    while True:
        await rest(TIDY_S)
        for name, lock in locks.items():
            if lock.held and superfluous(state(), name):
                await lock.release()


async def watch(
    locks: Mapping[str, Lock], state: Callable[[], State], rest: Rest = asyncio.sleep
) -> None:
    """Look at the locks of a peer that is not heard, for ever: how old they are is known then."""
    while True:
        await rest(LOOK_EVERY_S)
        if locks and state().peer.life in UNHEARD:
            await asyncio.gather(*(lock.observe() for lock in locks.values()))
