# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on a real file with direct I/O: one holder, renewals, theft, and disks that do not answer.

The durations are short and nothing is measured: each test waits for what has to happen.
"""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.actions import Ask
from failoverd.core.events import Power
from failoverd.core.lock import Record, Times
from failoverd.core.state import State
from failoverd.fencing.gate import Gate
from failoverd.fencing.sfex import level
from failoverd.fencing.sfex.block import LockError, Place
from failoverd.fencing.sfex.disk import Disk, Lane
from failoverd.fencing.sfex.format import BLOCK, Area, encode
from failoverd.fencing.sfex.level import Locks, keep
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


def test_a_free_lock_is_taken_counted_up_and_given_back(bench: Bench) -> None:
    async def main() -> None:
        lock = bench.lock("node1")
        await lock.acquire(WAIT_S)
        assert lock.held
        await counted(lock)
        assert (await lock.block.look()).owner == "node1"
        assert await lock.release() == ""
        assert (await lock.block.look()).owner == ""
        assert not lock.held
        lock.leave()

    run(main)
    assert bench.resets == []


def test_a_lock_that_is_renewed_is_never_taken(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        owner, other = bench.lock("node1"), bench.lock("node2")
        await owner.acquire(WAIT_S)
        monkeypatch.setattr(other, "_now", renewed_s(owner))
        with pytest.raises(LockError, match="node1 still renews it"):
            await other.acquire(WAIT_S)
        with pytest.raises(LockError, match="node1 still renews it"):
            # Even somebody who takes node1 for gone believes the disk more.
            await other.acquire(WAIT_S, peer_gone=True)
        assert (await owner.block.look()).owner == "node1"
        owner.leave()
        other.leave()

    run(main)
    assert bench.resets == []


def test_a_lock_that_aged_out_is_taken_over(bench: Bench) -> None:
    async def main() -> None:
        bench.put(Record("test", "shop", "node1", 7, 70))
        other = bench.lock("node2")
        await other.acquire(WAIT_S)
        assert (await other.block.look()).owner == "node2"
        other.leave()

    run(main)


def test_a_lock_that_was_looked_at_before_need_not_age_again(bench: Bench) -> None:
    """It was not counted up while its owner was not heard; who is wanted later waits the less."""

    async def main() -> None:
        bench.put(Record("test", "shop", "node1", 7, 70))
        other = bench.lock("node2", replace(TIMES, timeout_s=0.5))
        await other.observe()
        known = other._claim(peer_gone=False).seen
        assert known is not None
        assert known.record.counter == 70
        bench.put(Record("test", "shop", "node1", 7, 71))
        await other.observe()
        counted = other._claim(peer_gone=False).seen
        assert counted is not None
        assert counted.record.counter == 71
        assert counted.since > known.since
        assert other._claim(peer_gone=False).seen is None  # what was read is used once
        other.leave()

    run(main)


def test_an_own_write_that_may_come_late_spoils_what_was_read(
    bench: Bench, hang: dict[str, Any]
) -> None:
    async def main() -> None:
        lock = bench.lock("node1", replace(TIMES, timeout_s=60.0))
        await lock.observe()
        await leave_a_write_behind(bench, lock, hang)
        await lock.observe()
        assert lock._claim(peer_gone=True).seen is None
        lock.leave()

    run(main)


def test_a_stolen_lock_resets_the_node(bench: Bench, until: Any) -> None:
    async def main() -> None:
        lock = bench.lock("node1")
        await lock.acquire(WAIT_S)
        bench.put(Record("test", "shop", "node2", 8, 1))
        # A renewal that was under way may overwrite it once; a thief writes until it stays.
        while not bench.resets:
            await asyncio.sleep(0.05)
            bench.put(Record("test", "shop", "node2", 8, 1))
        assert not lock.held
        lock.leave()

    run(main)
    assert bench.resets == ["node1: the SFEX lock of shop was taken by node2"]


def pass_lease(monkeypatch: pytest.MonkeyPatch, lock: Lock) -> None:
    """The lease of LONG ends, by the clock of the loop."""
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda real=loop.time: real() + LONG.lease_s)
    monkeypatch.setattr(lock, "_now", loop.time)


def test_a_disk_that_hangs_resets_the_node_within_the_lease(
    bench: Bench, hang: dict[str, Any], until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        lock = bench.lock("node1", LONG)
        await lock.acquire(WAIT_S)
        hang["gate"].clear()
        await until(hang["entered"].is_set, WAIT_S)
        assert bench.resets == []
        pass_lease(monkeypatch, lock)
        await until(lambda: bench.resets, WAIT_S)
        hang["gate"].set()
        lock.leave()

    asyncio.run(main())
    assert "could not be renewed for 600 s" in bench.resets[0]


def test_a_disk_that_fails_resets_the_node_within_the_lease(
    bench: Bench, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Disk, number: int) -> bytes:
        raise OSError(5, "Input/output error")

    async def main() -> None:
        lock = bench.lock("node1", LONG)
        await lock.acquire(WAIT_S)
        monkeypatch.setattr(Disk, "read", broken)
        await until(lambda: lock.problem, WAIT_S)
        assert bench.resets == []
        pass_lease(monkeypatch, lock)
        await until(lambda: bench.resets, WAIT_S)
        lock.leave()

    asyncio.run(main())
    assert "Input/output error" in bench.resets[0]


@pytest.mark.finding("S18")
def test_f75_a_lane_that_found_no_thread_begins_with_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the lock would never be counted up again, and its node would reset itself."""

    async def main() -> None:
        lane = Lane("test")
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            with pytest.raises(RuntimeError, match="can't start new thread"):
                await lane.call(lambda: 1)
        assert await lane.call(lambda: 2) == 2
        lane.close()

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    run(main)


@pytest.mark.finding("S17")
def test_f75_a_mark_that_cannot_be_read_for_want_of_descriptors_is_no_missing_mark(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the node would live on without counting the lock up, and the peer would take it."""

    async def main() -> None:
        first = bench.lock("node1")
        await first.acquire(WAIT_S)
        first.leave()
        again = bench.lock("node1")
        with monkeypatch.context() as patch:
            patch.setattr(Lock, "read", staticmethod(refuse))
            with pytest.raises(OSError, match="Too many open files"):
                await again.recall()
        assert again.unsure, "the watchdog is not petted meanwhile"
        assert await again.recall()
        await counted(again)
        again.leave()

    def refuse(path: Path, low: int, high: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

    run(main)
    assert bench.resets == []


def test_what_nobody_waits_for_any_more_is_never_written(hang: dict[str, Any]) -> None:
    done: list[str] = []

    async def main() -> None:
        lane = Lane("test")
        gate: threading.Event = hang["gate"]
        gate.clear()
        first = asyncio.ensure_future(lane.call(lambda: gate.wait(WAIT_S)))
        stale = asyncio.ensure_future(lane.call(lambda: done.append("stale")))
        await asyncio.sleep(0)
        stale.cancel()
        await asyncio.sleep(0)
        gate.set()
        await first
        await lane.call(lambda: done.append("fresh"))
        lane.close()

    run(main)
    assert done == ["fresh"]


def test_the_next_life_of_the_daemon_goes_on_with_the_lock(bench: Bench) -> None:
    async def main() -> None:
        first = bench.lock("node1")
        await first.acquire(WAIT_S)
        first.leave()
        second = bench.lock("node1")
        assert await second.recall()
        await counted(second)
        second.leave()

    run(main)
    assert bench.resets == []


@pytest.mark.parametrize("idle", [True, False])
def test_f64_a_lock_taken_while_no_daemon_ran_resets_the_node_only_if_something_is_up_there(
    bench: Bench, until: Any, idle: bool
) -> None:
    told: list[str] = []

    async def look() -> bool:
        return idle

    async def main() -> None:
        first = bench.lock("node1")
        await first.acquire(WAIT_S)
        await first.release()
        first.write(bench.path / "node1" / f"lock-{first.place.mark}", "7")
        bench.put(Record("test", "shop", "node2", 8, 1))
        second = bench.lock("node1")
        second.idle, second.tell = look, told.append
        await second.recall()
        await until(lambda: bool(bench.resets or told), WAIT_S)
        assert not second.held
        assert second.unsure is not idle, "the watchdog is petted again"
        second.leave()
        assert bench.lock("node1").unsure is not idle, "the next life has nothing to ask for"

    run(main)
    assert bool(bench.resets) is not idle
    assert bool(told) is idle


def test_f64_a_lock_passed_on_is_claimed_like_any_other(bench: Bench) -> None:
    async def look() -> bool:
        return True

    async def main() -> None:
        first = bench.lock("node1")
        first.write(bench.path / "node1" / f"lock-{first.place.mark}", "7")
        bench.put(Record("test", "shop", "node2", 8, 1))
        second = bench.lock("node1")
        second.idle = look
        await second.acquire(WAIT_S)
        assert (await second.block.look()).owner == "node1"
        second.leave()

    run(main)
    assert bench.resets == []


def test_a_lock_that_is_being_given_back_is_taken_anew_by_who_wants_it_again(
    bench: Bench, hang: dict[str, Any], until: Any
) -> None:
    """The peer is to be excluded while the service is stopped: what is given back is no proof."""

    async def main() -> None:
        lock = bench.lock("node1")
        await lock.acquire(WAIT_S)
        life = (await lock.block.look()).life
        hang["gate"].clear()
        giving = asyncio.create_task(lock.release())
        await until(hang["entered"].is_set, WAIT_S)
        taking = asyncio.create_task(lock.acquire(WAIT_S))
        await asyncio.sleep(0.05)
        hang["gate"].set()
        assert await giving == ""
        await taking
        again = await lock.block.look()
        assert (again.owner, again.life == life) == ("node1", False)
        await counted(lock)
        lock.leave()

    run(main)
    assert bench.resets == []


def test_f53_the_next_life_goes_on_with_it_before_anything_is_looked_at(bench: Bench) -> None:
    async def main() -> None:
        first = bench.lock("node1")
        await first.acquire(WAIT_S)
        first.leave()
        second = bench.lock("node1")
        keeping = asyncio.create_task(keep({"shop": second}, unknown))
        await counted(second)
        keeping.cancel()
        second.leave()

    def unknown() -> State:
        raise AssertionError("what runs here is not known yet")

    run(main)
    assert bench.resets == []


def test_the_next_life_finds_a_stolen_lock_and_resets_the_node(bench: Bench, until: Any) -> None:
    async def main() -> None:
        first = bench.lock("node1")
        await first.acquire(WAIT_S)
        await left(first)
        bench.put(Record("test", "shop", "node2", 8, 1))
        second = bench.lock("node1")
        await second.recall()
        await until(lambda: bench.resets, WAIT_S)
        second.leave()

    run(main)
    assert "taken by node2" in bench.resets[0]


@pytest.mark.finding("S29")
def test_f79_a_lock_at_another_place_is_not_the_one_that_this_boot_has(bench: Bench) -> None:
    """The configuration has changed: the old lock is still to be given back, none was stolen."""

    async def main() -> None:
        first = bench.lock("node1")
        await first.acquire(WAIT_S)
        first.leave()
        other = bench.path / "other"
        other.write_bytes(bench.disk.read_bytes())
        for place in (replace(first.place, index=2), replace(first.place, disk=str(other))):
            moved = bench.at(place)
            assert not await moved.recall()
            assert not moved.unsure
        old = bench.lock("node1")
        assert await old.recall()
        await counted(old)
        assert await old.release() == ""
        old.leave()

    run(main)
    assert bench.resets == []


def test_the_next_life_keeps_the_node_alive_only_once_it_has_counted_the_lock_up(
    bench: Bench, hang: dict[str, Any], until: Any
) -> None:
    """Short lives on a disk that does not answer would each have a lease of their own (F65)."""
    pets: list[str] = []

    async def main() -> None:
        first = bench.lock("node1")
        await first.acquire(WAIT_S)
        first.leave()
        hang["gate"].clear()
        second = bench.lock("node1", LONG)
        later = asyncio.get_running_loop().call_later
        gate = Gate(lambda: pets.append("pet"), lambda: [second], later)
        gate.pet()
        assert await second.recall()
        await aside(hang["entered"].wait, WAIT_S)
        gate.pet()
        await asyncio.sleep(0.3)
        assert second.held
        assert pets == []
        hang["gate"].set()
        await until(lambda: pets, WAIT_S)
        await asyncio.sleep(0.3)
        assert pets == ["pet"]
        second.leave()

    run(main)


def test_a_boot_that_holds_nothing_keeps_the_node_alive_at_once(bench: Bench) -> None:
    pets: list[str] = []

    async def main() -> None:
        lock = bench.lock("node1")
        Gate(lambda: pets.append("pet"), lambda: [lock], lambda *_later: None).pet()
        lock.leave()

    run(main)
    assert pets == ["pet"]


def test_the_next_life_does_not_take_a_lock_for_its_own_before_the_disk_has_said_so(
    bench: Bench,
) -> None:
    async def main() -> None:
        first = bench.lock("node1")
        await first.acquire(WAIT_S)
        await left(first)
        bench.put(Record("test", "shop", "node2", 8, 1))
        second = bench.lock("node1")
        with pytest.raises(LockError):
            await second.acquire(WAIT_S)
        second.leave()

    run(main)
    assert "taken by node2" in bench.resets[0]


def test_a_disk_that_does_not_answer_is_not_waited_for_longer_than_a_lease(
    bench: Bench, hang: dict[str, Any]
) -> None:
    """The other node may reach it: the start has to fail here soon."""

    async def main() -> None:
        lock = bench.lock("node1", Times(0.05, 0.5, 0.1, 5.0))
        hang["gate"].clear()
        with pytest.raises(LockError, match="the disk does not answer"):
            await lock.acquire(1000 * WAIT_S)
        hang["gate"].set()
        lock.leave()

    run(main)


def test_a_disk_that_fails_is_not_tried_for_longer_than_a_lease(
    bench: Bench, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Disk, number: int) -> bytes:
        raise OSError(5, "Input/output error")

    async def main() -> None:
        monkeypatch.setattr(Disk, "read", broken)
        lock = bench.lock("node1", LONG)
        taking = asyncio.ensure_future(lock.acquire(1000 * WAIT_S))
        await until(lambda: lock.problem, WAIT_S)
        assert not taking.done()
        pass_lease(monkeypatch, lock)
        with pytest.raises(LockError, match="Input/output error"):
            await asyncio.wait_for(taking, WAIT_S)
        lock.leave()

    asyncio.run(main())


async def leave_a_write_behind(bench: Bench, lock: Lock, hang: dict[str, Any]) -> None:
    """It comes over the lock that node2 has taken meanwhile."""
    hang["gate"].clear()
    write = asyncio.ensure_future(lock.block.write(Record("test", "shop", "node1", 5, 1)))
    await aside(hang["entered"].wait, WAIT_S)
    write.cancel()
    await asyncio.gather(write, return_exceptions=True)
    hang["gate"].set()
    await lock.block.look()
    assert (await lock.block.look()).life == 5


def test_an_own_write_that_came_late_is_no_lock_to_go_on_with(
    bench: Bench, hang: dict[str, Any]
) -> None:
    """F65, simulator, seed 1724: the holder whose lock it came over may be paused."""

    async def main() -> None:
        lock = bench.lock("node1", replace(TIMES, timeout_s=60.0))
        await leave_a_write_behind(bench, lock, hang)
        with pytest.raises(LockError):
            await lock.acquire(1.0)
        lock.leave()
        again = bench.lock("node1", replace(TIMES, timeout_s=60.0))
        with pytest.raises(LockError):
            await again.acquire(1.0)  # nor for the next life of the daemon
        again.leave()

    run(main)


def test_a_write_that_came_late_is_forgotten_when_its_victim_cannot_live_any_more(
    bench: Bench, hang: dict[str, Any], until: Any
) -> None:
    async def main() -> None:
        lock = bench.lock("node1")
        await leave_a_write_behind(bench, lock, hang)
        assert lock.block.doubtful
        await until(lambda: not lock.block.doubtful, WAIT_S)
        await lock.acquire(WAIT_S)
        lock.leave()
        assert not bench.lock("node1").block.doubtful

    run(main)


def test_after_a_boot_the_own_name_on_the_disk_is_no_lock(bench: Bench) -> None:
    async def main() -> None:
        bench.put(Record("test", "shop", "node1", 7, 70))
        lock = bench.lock("node1")
        assert not await lock.recall()
        await lock.acquire(WAIT_S)
        assert (await lock.block.look()).life != 7
        lock.leave()

    run(main)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (b"\0" * BLOCK, "not an SFEX block"),
        (encode(Record("other", "shop")), "belongs to 'other/shop'"),
    ],
)
def test_a_foreign_block_is_nobodys_to_take(
    bench: Bench, until: Any, monkeypatch: pytest.MonkeyPatch, spoil: bytes, says: str
) -> None:
    async def main() -> None:
        disk = Disk(str(bench.disk))
        disk.write(1, spoil)
        lock = bench.lock("node1", LONG)
        taking = asyncio.ensure_future(lock.acquire(1000 * WAIT_S))
        await until(lambda: lock.problem, WAIT_S)
        pass_lease(monkeypatch, lock)
        with pytest.raises(LockError, match=says):
            await asyncio.wait_for(taking, WAIT_S)
        assert disk.read(1) == spoil
        disk.close()
        lock.leave()

    asyncio.run(main())


def test_the_level_excludes_only_with_every_lock(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(level, "SLACK_S", WAIT_S)

    async def main() -> None:
        owner = bench.lock("node1", service="mail")
        await owner.acquire(WAIT_S)
        mine = {name: bench.lock("node2", service=name) for name in ("shop", "mail")}
        locks = Locks("sfex", mine)
        with monkeypatch.context() as patch:
            patch.setattr(mine["mail"], "_now", renewed_s(owner))
            power, said = await locks.perform(Ask.OFF)
        assert power is Power.UNKNOWN
        assert "node1 still renews it" in said
        owner.leave()
        power, said = await locks.perform(Ask.OFF)
        assert power is Power.OFF
        assert all(lock.held for lock in mine.values())
        for lock in mine.values():
            lock.leave()

    run(main)
    assert bench.resets == []
