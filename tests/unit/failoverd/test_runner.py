# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon notices that it slept, and lets nothing it heard before count as news."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failoverd.core import step as core
from failoverd.core.actions import Action, Note, Probe, Send
from failoverd.core.config import CoreConfig, ServiceConfig, Timing
from failoverd.core.events import (
    Disk,
    DiskChanged,
    Event,
    FenceDone,
    Found,
    Heard,
    Paused,
    Power,
    Probed,
    Tick,
)
from failoverd.core.memory import Memory
from failoverd.core.message import Message
from failoverd.core.modes import Modes
from failoverd.core.rules import replica
from failoverd.core.state import Life
from failoverd.journal.journal import Journal, segments
from failoverd.runner import Runner
from tests.unit.core.swap import swap

from .recorded import inputs

CONFIG = CoreConfig(
    "shop", "node1", "node2", ("lan",), (ServiceConfig("shop"),), timing=Timing(heartbeat_s=0.05)
)
MESSAGE = Message("shop", "node2", 7 << 32, 1, 0, (), ())


class Stage:
    """A runner whose actions and discards are remembered."""

    def __init__(self, path: Path, config: CoreConfig = CONFIG) -> None:
        self.actions: list[Action] = []
        self.discards = 0
        self.path = path
        self.react: Callable[[Action], None] = lambda action: None
        self.journal = Journal(path / "journal", 10**6, 3)
        self.runner = Runner(config, 5 << 32, self.journal, self.perform, self.discard)

    def perform(self, action: Action) -> None:
        self.actions.append(action)
        self.react(action)

    def discard(self) -> None:
        self.discards += 1

    def journalled(self) -> list[Event]:
        assert self.journal.drain(30.0)
        [segment] = segments(self.path / "journal")
        return [event for _when, event in inputs(segment)]


def test_a_new_life_takes_up_the_modes_that_were_kept(tmp_path: Path) -> None:
    async def main() -> None:
        modes = Modes(maintenance=1, standby=2)
        journal = Journal(tmp_path / "journal", 10**6, 3)
        runner = Runner(CONFIG, 5 << 32, journal, lambda action: None, lambda: None, Memory(modes))
        assert runner.state.modes == modes

    asyncio.run(main())


def test_a_sleep_is_noticed_before_anything_that_waited(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path)
        stage.runner.begin()
        assert stage.runner.awake()
        stage.runner._seen -= 5.0
        assert not stage.runner.awake()
        assert stage.discards == 1
        assert stage.runner.awake()
        assert [type(event) for event in stage.journalled()] == [Paused]

    asyncio.run(main())


def test_what_was_heard_before_a_sleep_is_dropped_but_results_are_kept(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path)
        stage.runner.begin()
        stage.runner._busy = True
        stage.runner.post(Heard("lan", MESSAGE))
        stage.runner.post(Probed("shop", 1, Found.STOPPED, False))
        stage.runner._busy = False
        stage.runner._seen -= 5.0
        stage.runner.awake()
        assert [type(event) for event in stage.journalled()] == [Paused, Probed]

    asyncio.run(main())


def test_ticks_and_heartbeats_come_by_themselves(tmp_path: Path, until: Any) -> None:
    async def main() -> None:
        stage = Stage(tmp_path)
        stage.runner.begin()
        await until(lambda: sum(isinstance(a, Send) for a in stage.actions) > 3)
        assert Tick() in stage.journalled()

    asyncio.run(main())


def test_f21_each_beat_says_how_late_it_is(tmp_path: Path, until: Any) -> None:
    async def main() -> None:
        stage = Stage(tmp_path)
        late: list[float] = []
        stage.runner.on_beat = lambda now, late_s: late.append(late_s)
        stage.runner.begin()
        await until(lambda: len(late) > 2)
        assert min(late) >= 0.0
        late.clear()
        time.sleep(0.5)  # noqa: ASYNC251 - this is what is to be told
        await until(lambda: late)
        assert late[0] >= 0.4

    asyncio.run(main())


def test_a_beat_comes_along_with_the_tick_of_the_core(tmp_path: Path, until: Any) -> None:
    """One timer, so that nothing is woken up twice."""

    async def main() -> None:
        stage = Stage(tmp_path)
        beats: list[int] = []
        stage.runner.on_beat = lambda now, late_s: beats.append(len(stage.actions))
        stage.runner.begin()
        await until(lambda: len(beats) > 10)
        sent = [action for action in stage.actions if isinstance(action, Send)]
        # The first was sent before the first beat; a late one may wait for the next beat.
        assert len(sent) > len(beats) / 2

    asyncio.run(main())


@pytest.mark.parametrize(("node", "waits"), [("node1", False), ("node2", True)])
def test_one_of_the_nodes_waits_a_little_for_the_heartbeat_of_the_other(
    tmp_path: Path, node: str, waits: bool
) -> None:
    """It then sends its own at once; a deadline that is no heartbeat waits for nothing."""

    async def main() -> None:
        other = "node1" if node == "node2" else "node2"
        runner = Stage(tmp_path, replace(CONFIG, node=node, peer=other)).runner
        runner.begin()
        runner.state = replace(runner.state, peer=replace(runner.state.peer, life=Life.ALIVE))
        for due, late in ((runner.state.next_beat, waits), (runner.state.next_beat - 0.01, False)):
            vars(runner)["_due"] = lambda _now, due=due: due
            runner._arm()
            assert runner._timer is not None
            assert (runner._timer.when() > due) == late
        runner.state = replace(runner.state, peer=replace(runner.state.peer, life=Life.SILENT))
        vars(runner)["_due"] = lambda _now: runner.state.next_beat
        runner._arm()
        assert runner._timer is not None
        assert runner._timer.when() == runner.state.next_beat, "nobody is waited for"

    asyncio.run(main())


def test_what_an_event_makes_due_earlier_is_not_late(tmp_path: Path) -> None:
    """Also if nothing was decided on it."""

    async def main() -> None:
        stage = Stage(tmp_path)
        runner = stage.runner
        runner.begin()
        due = asyncio.get_running_loop().time() + 0.01
        vars(runner)["_due"] = lambda _now: due
        before = len(stage.actions)
        runner.post(FenceDone(99, Power.UNKNOWN, "late"))
        assert len(stage.actions) == before
        assert runner._timer is not None
        assert runner._timer.when() == due

    asyncio.run(main())


def test_a_beat_comes_along_with_a_heartbeat_of_the_peer(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path)
        beats: list[float] = []
        stage.runner.on_beat = lambda now, late_s: beats.append(now)
        stage.runner.begin()
        stage.runner.post(Heard("lan", MESSAGE))
        assert not beats, "it is not time yet"
        stage.runner._beaten -= 1.0
        stage.runner.post(Heard("lan", MESSAGE))
        stage.runner.post(Heard("cross", MESSAGE))
        assert len(beats) == 1

    asyncio.run(main())


def test_beats_come_while_the_core_has_nothing_to_do(tmp_path: Path, until: Any) -> None:
    async def main() -> None:
        stage = Stage(tmp_path)
        beats: list[float] = []
        stage.runner.on_beat = lambda now, late_s: beats.append(now)
        vars(stage.runner)["_due"] = lambda now: now + 3600.0
        stage.runner.begin()
        await until(lambda: len(beats) > 3)

    asyncio.run(main())


def test_an_event_posted_by_an_action_is_taken_after_it(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path)

        def answer(action: Action) -> None:
            if isinstance(action, Probe):
                stage.runner.post(Probed(action.service, action.op, Found.STOPPED, False))

        stage.react = answer
        stage.runner.begin()
        assert stage.runner.state.services[0].local.value == "stopped"

    asyncio.run(main())


def test_a_defect_in_a_rule_is_told_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        stage = Stage(tmp_path)
        stage.runner.begin()
        before = stage.runner.state

        def broken(state: Any, event: Any, now: float) -> Any:
            raise ZeroDivisionError

        monkeypatch.setattr(core, "step", broken)
        stage.runner.post(Tick())
        assert stage.runner.state is before
        notes = [action for action in stage.actions if isinstance(action, Note)]
        assert notes[-1].code == "core-error"
        assert "ZeroDivisionError" in notes[-1].text

    asyncio.run(main())


@pytest.mark.finding("S7")
def test_a_safe_stop_that_takes_long_takes_no_more_steps_than_heartbeats(
    tmp_path: Path, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop waits for the answer to its probe, and the peer was last heard long ago."""

    async def main() -> None:
        stage = Stage(tmp_path)
        stage.runner.begin()
        swap(monkeypatch, replica, "change", lambda *given: 1 / 0)
        stage.runner.post(DiskChanged("shop", Disk()))
        assert stage.runner.state.defect
        peer = replace(stage.runner.state.peer, life=Life.ALIVE, last=0.0)
        stage.runner.state = replace(stage.runner.state, peer=peer)
        stage.actions.clear()
        await until(lambda: len(stage.actions) > 20)
        assert stage.runner.state.services[0].op, "it still waits"
        ticks = sum(isinstance(event, Tick) for event in stage.journalled())
        assert ticks <= 2 * len(stage.actions)

    asyncio.run(main())
