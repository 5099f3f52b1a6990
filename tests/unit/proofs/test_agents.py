# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of the agents' proof finds what it is for; what it sees of processes and mounts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failoverd.checks.base import Check, CheckFailed, CheckSettings
from failoverd.resources.base import ResourceError, State
from failoverd.resources.ocf import Options
from failoverd.resources.settings import ResourceSettings
from lab.errors import LabError
from tests.containers import container, course, looks, processes
from tests.containers.cases import Case
from tests.containers.course import Course, Wrong
from tests.proofs import agents

SETTINGS = ResourceSettings("db", "ocf", (), 9, 9, Options("test:a", {"path": "/x"}))
DEFAULTS = CheckSettings("monitor", "agent", interval_s=0.0, deadline_s=0.05, confirmations=2)


class World:
    """A node with one application and its agent; fault says what is wrong with them."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.serves = fault == "serves before"
        self.scope: list[int] = []
        self.elsewhere: list[int] = []
        self.starts = 0

    def everyone(self) -> dict[int, str]:
        return dict.fromkeys([1, *self.scope, *self.elsewhere], "")

    def harm(self) -> None:
        self.scope = []
        self.serves = self.fault == "survives"


class Agent:
    """The resource of that application."""

    def __init__(self, world: World, settings: ResourceSettings) -> None:
        self._world = world
        self._options: Options = settings.options

    async def prepare(self, situation: Any) -> None:
        if "colour" in self._options.parameters and self._world.fault != "takes anything":
            raise ResourceError("ocf:test:a: has no parameter colour; known are path")

    async def probe(self) -> State:
        if self._world.fault == "probe lies" and not self._world.starts:
            return State.UP
        return State.UP if self._world.scope else State.DOWN

    async def start(self, situation: Any) -> None:
        world = self._world
        world.starts += 1
        if world.fault == "heals not" and world.starts == 2:
            return
        world.serves = world.fault != "serves nobody"
        world.scope = [10, 11]
        if world.fault == "escapes":
            world.elsewhere = [12]

    async def stop(self) -> None:
        self._world.serves = self._world.fault == "goes on serving"
        self._world.scope = []
        if self._world.fault == "leaves something" and self._world.starts == 2:
            self._world.elsewhere = [13]

    async def check(self) -> None:
        if not self._world.scope and self._world.fault != "is blind":
            raise CheckFailed("it does not run")

    def watch(self, failed: Callable[[str], None]) -> None:
        pass

    def own_checks(self) -> list[tuple[CheckSettings, Check]]:
        return [(DEFAULTS, self)]

    def close(self) -> None:
        pass


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Send an application with this fault over the course; returns the figures."""

    def gone(fault: str) -> dict[str, Any]:
        world = World(fault)
        for name in ("SPARE_S", "GONE_S", "LOOK_S"):
            monkeypatch.setattr(course, name, 0.0)
        monkeypatch.setattr(processes, "everyone", world.everyone)
        monkeypatch.setattr(processes, "members", lambda unit: list(world.scope))
        monkeypatch.setattr(processes, "name", lambda pid: f"worker in {pid}.scope")
        kept = [10] if fault == "is protected" else []
        monkeypatch.setattr(processes, "adjusted", lambda pids: kept)
        figures: dict[str, Any] = {}

        def make(settings: Any) -> Any:
            return Agent(world, settings)

        case = Case("test:a", lambda: world.serves)
        asyncio.run(Course(case, SETTINGS, make, figures).run(world.harm))
        return figures

    return gone


def test_what_is_well_gives_figures(go: Callable[[str], dict[str, Any]]) -> None:
    figures = go("none")
    assert figures["processes"] == 2
    assert figures["said"] == "monitor: it does not run"
    assert {"start_s", "check_s", "harm_to_noticed_s", "heal_s", "stop_s"} <= set(figures)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("takes anything", "a wrong parameter is not refused"),
        ("probe lies", "before the start the probe says up"),
        ("serves before", "before the start it is seen to serve"),
        ("serves nobody", "after the start it is not seen to serve"),
        ("escapes", "outside of failover-db.scope live worker in 12.scope"),
        ("is protected", "1 of its processes inherited the daemon's oom_score_adj"),
        ("is blind", "the daemon did not notice the harm"),
        ("survives", "after the harm it is seen to serve"),
        ("heals not", "after it was healed the probe says down"),
        ("goes on serving", "after the stop it is seen to serve"),
        ("leaves something", "after the stop live worker in 13.scope"),
    ],
)
def test_each_fault_is_told(go: Callable[[str], dict[str, Any]], fault: str, said: str) -> None:
    with pytest.raises(Wrong) as error:
        go(fault)
    assert str(error.value) == said


def test_processes_are_known_by_their_control_group(tmp_path: Path) -> None:
    for pid, (group, words, score) in {
        10: ("0::/system.slice/failover-db.scope\n", "db\0", "0"),
        11: ("9:name=systemd:/pod/failover-db.scope/part\n0::/pod\n", "db\0", "500"),
        12: ("0::/user.slice/session-c1.scope\n", "db\0", "0"),
        13: ("0::/system.slice/failover-db.scope\n", "", "0"),
    }.items():
        (tmp_path / str(pid)).mkdir()
        for name, text in (("cgroup", group), ("cmdline", words), ("comm", "db\n")):
            (tmp_path / str(pid) / name).write_text(text)
        (tmp_path / str(pid) / "oom_score_adj").write_text(f"{score}\n")
    (tmp_path / "meminfo").write_text("")
    assert sorted(processes.everyone(tmp_path)) == [10, 11, 12]
    assert processes.members("failover-db.scope", tmp_path) == [10, 11]
    assert processes.name(12, tmp_path) == "db in session-c1.scope"
    assert processes.name(99, tmp_path) == ""
    assert processes.adjusted([10, 11, 99], tmp_path) == [11]


def test_a_mount_is_known_by_its_place(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("36 35 7:0 / /srv/proof rw,relatime - ext4 /dev/loop0 rw\n", encoding="utf-8")
    assert looks.mounted("/srv/proof", table)
    assert not looks.mounted("/srv", table)


def test_the_children_of_the_daemon_inherit_what_its_unit_says() -> None:
    unit = container.UNIT.read_text(encoding="utf-8")
    assert {"UMask=0077", "OOMScoreAdjust=500"} <= set(container.inherited(unit))
    assert container.inherited("Type=notify\n# UMask=0022\nUMask=0077\n") == ["UMask=0077"]


def test_what_cannot_be_tried_is_a_row_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def raised(suite: str) -> Iterator[None]:
        yield

    answers = {
        "nginx": 'a warning\n{"ok": true, "figures": {}}',
        "mysql": "",
    }

    def as_daemon(*command: str, timeout: float) -> str:
        if command[-1] not in answers:
            raise LabError("podman failed")
        return answers[command[-1]]

    monkeypatch.setattr(container, "raised", raised)
    monkeypatch.setattr(container, "as_daemon", as_daemon)
    cases = {name: replace(agents.CASES[name]) for name in ("nginx", "mysql", "redis")}
    monkeypatch.setattr(agents, "CASES", cases)
    rows = agents.on("bookworm")
    assert [(row["what"], row["ok"]) for row in rows] == [
        ("ocf:heartbeat:nginx on bookworm", True),
        ("ocf:heartbeat:mysql on bookworm", False),
        ("ocf:heartbeat:redis on bookworm", False),
    ]
    assert rows[2]["figures"] == {"why": "podman failed"}
    assert json.dumps(rows)
