# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The level of the fencing order, and what keeps the node alive: each needs every lock."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from failoverd.core.actions import Ask
from failoverd.core.events import Power
from failoverd.core.state import State
from failoverd.fencing.gate import Gate
from failoverd.fencing.sfex import level
from failoverd.fencing.sfex.level import Locks, keep
from failoverd.system.aside import aside

from .sfex_bench import LONG, WAIT_S, Bench, bench, counted, hang, renewed_s, run

__all__ = ["bench", "hang"]


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
