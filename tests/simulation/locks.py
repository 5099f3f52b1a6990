# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locks of one daemon's life: the very code of failoverd.fencing on the simulated disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from failoverd.core import actions, events
from failoverd.core.actions import Ask
from failoverd.core.lock import Hold, Next, Record
from failoverd.core.state import State
from failoverd.fencing import gate
from failoverd.fencing.sfex import block as lock_block
from failoverd.fencing.sfex import level
from failoverd.fencing.sfex import lock as sfex
from failoverd.resources.sfex import ANSWER_SHARE, START_TIMEOUT_S

from .loop import Loop
from .lun import Disk, Lane
from .setting import CLUSTER

if TYPE_CHECKING:
    from .daemon import Daemon

PATROL_S = 8.0


class Mark:
    """A file in the run directory: it outlives the daemon, not the boot."""

    def __init__(self, marks: dict[str, str], loop: Loop, name: str = "") -> None:
        self._marks, self._loop, self._name = marks, loop, name

    def __truediv__(self, name: str) -> Mark:
        return Mark(self._marks, self._loop, name)

    def exists(self) -> bool:
        """An earlier life has written it."""
        return self._name in self._marks

    def write_text(self, text: str, **_how: Any) -> None:
        """Remember."""
        if not self._loop.closed:
            self._marks[self._name] = text

    def touch(self) -> None:
        """Make it."""
        self.write_text("")

    def read_text(self, **_how: Any) -> str:
        """Raises OSError if there is none."""
        if self._name not in self._marks:
            raise FileNotFoundError(self._name)
        return self._marks[self._name]

    def unlink(self, **_how: Any) -> None:
        """Forget."""
        if not self._loop.closed:
            self._marks.pop(self._name, None)


class SimBlock(lock_block.Block):
    """A block whose writes faults lie in wait for."""

    asked: Callable[[], None]

    async def write(self, record: Record) -> None:
        """As it is."""
        self.asked()
        await super().write(record)


class SimLock(sfex.Lock):
    """A lock whose acquisition the contract sees."""

    acquired: Callable[[str], None]

    @staticmethod
    def write(path: Path, content: str, *, durable: bool = False) -> None:
        """As it is."""
        path.write_text(content)

    @staticmethod
    def read(path: Path, low: int, high: int) -> int:
        """As it is."""
        return int(path.read_text())

    def _begin(self, hold: Hold, step: Next) -> None:
        super()._begin(hold, step)
        self.acquired(self.place.service)


class Locks:
    """Everything of one daemon that touches the shared disk."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon, self.node, self.world = daemon, daemon.node, daemon.world
        self.loop = Loop(daemon)
        self.locks: dict[str, sfex.Lock] = {
            service: self._lock(service) for service in self.world.lun.services
        }
        self.gate = gate.Gate(self._pet, self.locks.values, self.loop.call_later)
        self.level = level.Locks("sfex", self.locks)
        self.spawn(level.keep(self.locks, self._state))
        self.spawn(level.watch(self.locks, self._state))
        if self.world.setting.locks_decide:
            self.spawn(self._patrol(len(self.world.setting.devices)))

    def _lock(self, service: str) -> sfex.Lock:
        lun, loop = self.world.lun, self.loop
        place = lock_block.Place(
            CLUSTER, service, self.node.name, "lun", lun.index(service), self.world.setting.locks
        )
        marks = cast(Path, Mark(self.node.marks, loop))
        lock = SimLock(place, marks, lambda why: self.daemon.lock_lost(service, why))
        lock.idle = partial(self._idle, service)
        lock.tell = lambda why: self.world.moment("lock passed on", self.node)
        lock.acquired = lambda name: self.world.locks.holds(self.node.name, name)
        lock.block = own = SimBlock(place, marks / f"write-{service}")
        own.asked = lambda: self.world.moment("lock asked", self.node)
        # The thread and the device are the simulated world's.
        vars(own)["_disk"] = Disk(lun, self.node)
        vars(own)["_lane"] = Lane(loop, lun.paths[self.node.name])
        return lock

    async def _idle(self, service: str) -> bool:
        await asyncio.sleep(self.world.clock.between(0.0, 0.3))
        return not self.node.services.active(service)

    def _pet(self) -> None:
        if self.node.watchdog is not None and not self.daemon.surrendered:
            self.node.watchdog.pet()

    def _state(self) -> State:
        assert self.daemon.state is not None
        return self.daemon.state

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin something of this life."""
        self.loop.create_task(work)

    def close(self) -> None:
        """kill -9."""
        self.loop.close()

    @property
    def settled(self) -> bool:
        """No write is left behind that may have come late."""
        return not any(lock.block.doubtful for lock in self.locks.values())

    # -- what the core orders ---------------------------------------------------------------

    def probe(self, service: str, found: Callable[[bool], None]) -> None:
        """found(held by this boot)."""

        async def look() -> None:
            found(await self.locks[service].recall())

        self.spawn(look())

    def acquire(self, service: str, peer_gone: bool, done: Callable[[str], None]) -> None:
        """done(why not)."""

        async def work() -> None:
            try:
                limit_s = START_TIMEOUT_S * ANSWER_SHARE
                await self.locks[service].acquire(limit_s, peer_gone=peer_gone)
            except lock_block.LockError as error:
                done(str(error))
            else:
                done("")

        self.spawn(work())

    def release(self, service: str, done: Callable[[], None]) -> None:
        """Whatever comes of it, the stop is done."""

        async def work() -> None:
            if await self.locks[service].release():
                self.world.moment("lock not released", self.node)
            done()

        self.spawn(work())

    def fence(self, action: actions.Fence) -> None:
        """The level: who has all locks excludes the other."""

        async def work() -> None:
            power, detail = await self.level.perform(action.ask)
            self.world.moment(f"locks {power.value}", self.node)
            self.daemon.deliver(events.FenceDone(action.op, power, detail))

        self.spawn(work())

    async def _patrol(self, number: int) -> None:
        """F24."""
        while True:
            power, detail = await self.level.perform(Ask.STATUS)
            ok = power is not events.Power.UNKNOWN
            self.daemon.deliver(events.DeviceChecked(number, ok, detail))
            await asyncio.sleep(PATROL_S)
