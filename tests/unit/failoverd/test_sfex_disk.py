# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on disks that do not answer, fail, take writes late, or hold something else."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from failoverd.core.lock import Record, Times
from failoverd.fencing.sfex.block import LockError
from failoverd.fencing.sfex.disk import Disk, Lane
from failoverd.fencing.sfex.format import BLOCK, encode
from failoverd.fencing.sfex.lock import Lock
from failoverd.system.aside import aside

from .sfex_bench import LONG, TIMES, WAIT_S, Bench, bench, hang, pass_lease, run

__all__ = ["bench", "hang"]


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
