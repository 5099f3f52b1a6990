# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real file with direct I/O as shared disk, and the locks of nodes on it.

The durations are short and nothing is measured: each test waits for what has to happen.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.lock import Record, Times
from failoverd.fencing.sfex.block import Place
from failoverd.fencing.sfex.disk import Disk
from failoverd.fencing.sfex.format import Area, encode
from failoverd.fencing.sfex.lock import Lock
from failoverd.system.aside import aside

TIMES = Times(renew_s=0.05, lease_s=60.0, collision_s=0.1, timeout_s=0.5)
LOOK_S = 0.025
"""So long a look at the disk takes by a clock of looks; less than half of collision_s."""
LONG = Times(renew_s=0.05, lease_s=600.0, collision_s=2.0, timeout_s=700.0)
"""For tests of the end of the lease: they put the clock on."""
WAIT_S = 120.0
"""Ends a test that fails anyway."""


class Bench:
    """A shared disk and the locks of nodes on it; a reset is a word in a list.

    Time of a lock with TIMES or LONG goes on only when it looks at the disk: then a busy machine,
    on which each look takes long, changes nothing.
    """

    def __init__(self, path: Path, patch: pytest.MonkeyPatch) -> None:
        self.path = path
        self._patch = patch
        self.disk = path / "disk"
        self.resets: list[str] = []
        blocks = [encode(Area("test", 2))]
        blocks += [encode(Record("test", name)) for name in ("shop", "mail")]
        self.disk.write_bytes(b"".join(blocks))

    def lock(self, node: str, times: Times = TIMES, service: str = "shop") -> Lock:
        index = 1 if service == "shop" else 2
        return self.at(Place("test", service, node, str(self.disk), index, times))

    def at(self, place: Place) -> Lock:
        marks = self.path / place.node
        marks.mkdir(exist_ok=True)
        lock = Lock(place, marks, lambda why: self.resets.append(f"{place.node}: {why}"))
        if place.times in (TIMES, LONG):
            self._go_by_looks(lock)
        return lock

    def _go_by_looks(self, lock: Lock) -> None:
        now, look = time.monotonic(), lock.block.look

        async def counted() -> Record:
            nonlocal now
            try:
                return await look()
            finally:
                now += LOOK_S

        self._patch.setattr(lock.block, "look", counted)
        self._patch.setattr(lock, "_now", lambda: now)

    def put(self, record: Record) -> None:
        """Write as a node that is not in this test would."""
        disk = Disk(str(self.disk))
        disk.write(1, encode(record))
        disk.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A disk with two free locks."""
    return Bench(tmp_path, monkeypatch)


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Calls of the disk wait while hang["gate"] is closed; "entered" says that one does."""
    gate, entered = threading.Event(), threading.Event()
    gate.set()
    state: dict[str, Any] = {"gate": gate, "entered": entered, "written": []}
    read, write = Disk.read, Disk.write

    def slow_read(self: Disk, number: int) -> bytes:
        if not gate.is_set():
            entered.set()
            gate.wait(WAIT_S)
        return read(self, number)

    def slow_write(self: Disk, number: int, data: bytes) -> None:
        if not gate.is_set():
            entered.set()
            gate.wait(WAIT_S)
        state["written"].append(data)
        write(self, number, data)

    monkeypatch.setattr(Disk, "read", slow_read)
    monkeypatch.setattr(Disk, "write", slow_write)
    yield state
    gate.set()


def run(main: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(main(), WAIT_S))


async def counted(lock: Lock, more: int = 3) -> None:
    """Wait until it was renewed some times."""
    first = (await lock.block.look()).counter
    for _round in range(1000):
        if (await lock.block.look()).counter >= first + more:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the lock is not counted up")


async def left(lock: Lock) -> None:
    """Its daemon has ended, and so has a write that was under way."""
    thread = lock.block._lane._thread
    lock.leave()
    assert thread is not None
    await aside(thread.join, WAIT_S)


def renewed_s(lock: Lock) -> Callable[[], float]:
    """A clock that goes on only while the lock is renewed: no machine is too busy for it."""

    def now() -> float:
        assert lock._hold is not None
        return lock._hold.mine.counter * TIMES.renew_s

    return now


def pass_lease(monkeypatch: pytest.MonkeyPatch, lock: Lock) -> None:
    """The lease of LONG ends, by the clock of the loop."""
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda real=loop.time: real() + LONG.lease_s)
    monkeypatch.setattr(lock, "_now", loop.time)
