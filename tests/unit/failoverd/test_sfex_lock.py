# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One holder, renewals, theft, and the next lives of the daemon."""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.lock import Record
from failoverd.fencing.sfex.block import LockError
from failoverd.fencing.sfex.lock import Lock

from .sfex_bench import LONG, TIMES, WAIT_S, Bench, bench, counted, hang, left, renewed_s, run

__all__ = ["bench", "hang"]


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


def test_a_disk_that_answers_too_slowly_is_told_from_one_that_does_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        lock = bench.lock("node1", LONG)
        write, now = lock.block.write, lock._now()

        async def slow(record: Record) -> None:
            nonlocal now
            await write(record)
            now += LONG.collision_s
            monkeypatch.setattr(lock.block, "look", over)

        async def over() -> Record:
            raise TimeoutError  # as when the limit is over

        monkeypatch.setattr(lock.block, "write", slow)
        monkeypatch.setattr(lock, "_now", lambda: now)
        with pytest.raises(LockError, match="the disk is too slow"):
            await lock.acquire(WAIT_S)
        lock.leave()

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


def test_after_a_boot_the_own_name_on_the_disk_is_no_lock(bench: Bench) -> None:
    async def main() -> None:
        bench.put(Record("test", "shop", "node1", 7, 70))
        lock = bench.lock("node1")
        assert not await lock.recall()
        await lock.acquire(WAIT_S)
        assert (await lock.block.look()).life != 7
        lock.leave()

    run(main)
