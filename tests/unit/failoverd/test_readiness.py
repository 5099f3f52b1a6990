# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a failover would succeed: the judgement, and what it stands on."""

from __future__ import annotations

import asyncio
import copy
import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd.control import ready as page
from failoverd.control import show
from failoverd.control.client import NotRunning
from failoverd.links.word import Word
from failoverd.readiness import examiner as examiners
from failoverd.readiness import modules, programs
from failoverd.readiness.asker import Asker
from failoverd.readiness.clock import PeerClock
from failoverd.readiness.examiner import Examiner
from failoverd.readiness.judge import judge
from failoverd.readiness.report import Readiness, brief
from failoverd.readiness.times import Times
from failoverd.readiness.verdict import Level
from failoverd.resources.base import Needs, ResourceError

from .answers import SERVICE, WELL


def asynchronous(test: Callable[..., Any]) -> Callable[..., None]:
    """Run a test in an event loop of its own."""

    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


GOOD: dict[str, Any] = {
    "cluster": "shop",
    "node": "node2",
    "maintenance": False,
    "reach": "reached",
    "peer": {"name": "node1", "life": "alive"},
    "links": [{"name": "lan", "state": "up"}, {"name": "cross", "state": "up"}],
    "exclusion": [
        {
            "name": "bmc",
            "method": "stonith",
            "last": "ok",
            "age_s": 20.0,
            "detail": "",
            "takeover_s": [2.0, 9.0],
        },
        {
            "name": "lease",
            "method": "watchdog",
            "last": "ok",
            "age_s": 20.0,
            "detail": "",
            "takeover_s": [22.0, 22.0],
        },
    ],
    "disks": [{"device": "/dev/vdb", "service": "shop", "state": "ok", "wrong": ""}],
    "services": [
        {
            "name": "shop",
            "retired": False,
            "owner": "node1",
            "state": "running",
            "why": "",
            "standby": {"node": "node2", "able": True, "why": ""},
            "disk": {"disk": "UpToDate", "peer_disk": "UpToDate"},
            "resources": [
                {"name": "db", "type": "unit", "label": "db.service"},
                {"name": "mount", "type": "filesystem", "label": "/srv/shop", "used_percent": 40},
                {"name": "address", "type": "virtual_ip", "label": "10.9.0.10 on eth0"},
            ],
        }
    ],
    "readiness": {
        "examined": {
            "age_s": 3.0,
            "agents": {"bmc": ""},
            "space": {"/": {"free_mib": 5000, "inodes": 10000, "unknown": ""}, "/tmp": {}},
            "needs": {"shop": {"db": {"wrong": "", "odd": "", "unknown": ""}}},
            "addresses": {"10.9.0.10": {"macs": ["aa:aa:aa:aa:aa:aa"], "unknown": ""}},
        },
        "agreed": True,
        "settings": 7,
        "check_s": 60.0,
        "peer": {"settings": 7, "levels": {}, "text": ""},
        "clock_apart_s": 0.1,
        "times": {"starts": {"shop": (2.5, 1.7e9)}, "fences": {}},
    },
}
"""Of the standby."""


def put(status: dict[str, Any], path: str, value: Any) -> None:
    """services.0.state=..."""
    *way, last = [int(word) if word.isdigit() else word for word in path.split("/")]
    place: Any = status
    for step in way:
        place = place[step]
    place[last] = value


def changed(**paths: Any) -> dict[str, Any]:
    status = copy.deepcopy(GOOD)
    for path, value in paths.items():
        put(status, path, value)
    return status


def owner() -> dict[str, Any]:
    """The same cluster as the owner sees it."""
    status = changed(node="node1")
    status["peer"]["name"] = "node2"
    status["readiness"]["peer"]["levels"] = {"shop": "ok"}
    status["readiness"]["examined"]["addresses"]["10.9.0.10"]["macs"] = []
    return status


@pytest.mark.parametrize("status", [GOOD, owner()], ids=["standby", "owner"])
def test_a_healthy_cluster_is_ready_on_both_nodes(status: dict[str, Any]) -> None:
    verdict = judge(status, "shop")
    assert verdict.level is Level.OK, verdict.reason
    assert verdict.reason == ""
    assert verdict.seconds == (4.5, 11.5)


SHOP = "services/0"
LOOK = "readiness/examined"
CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"maintenance": True}, "critical", "mode: maintenance mode is on"),
    (
        {f"{SHOP}/state": "blocked", f"{SHOP}/why": "no disk"},
        "critical",
        "is blocked; there is nothing to take over",
    ),
    ({"peer/life": "silent"}, "critical", "nodes: node1 is silent"),
    (
        {f"{SHOP}/standby": {"node": "node2", "able": False, "why": "in standby mode"}},
        "critical",
        "node2 cannot take over: in standby mode",
    ),
    ({"exclusion": []}, "critical", "no method excludes node1"),
    ({"exclusion/0/last": "failed", "exclusion/0/detail": "no route"}, "warning", "bmc: does not"),
    ({"exclusion/0/age_s": 181.0}, "warning", "bmc: has last answered 181 s ago"),
    ({f"{LOOK}/agents/bmc": "is not there"}, "warning", "bmc: its agent is not there"),
    ({"readiness/agreed": False}, "warning", "lease: the nodes have different durations"),
    ({"reach": "unknown"}, "warning", "lease: this node reaches no ping target"),
    (
        {"exclusion/0/last": "failed", "readiness/agreed": False},
        "critical",
        "exclusion: bmc: does not answer",
    ),
    ({"exclusion/0/age_s": None, "exclusion/1/age_s": None}, "unknown", "bmc: was not asked"),
    ({f"{SHOP}/disk/disk": "Inconsistent"}, "critical", "the copy on node2 is Inconsistent"),
    ({"disks/0/state": "sick", "disks/0/wrong": "hangs"}, "critical", "/dev/vdb on node2 hangs"),
    ({"links/0/state": "one-way"}, "warning", "links: lan not in order"),
    ({"reach": "lost"}, "warning", "lease: this node reaches no ping target"),
    ({"readiness/settings": 8}, "warning", "settings: the nodes have different configurations"),
    ({"readiness/peer/settings": 0}, "unknown", "settings: the other node does not tell"),
    ({LOOK: {}}, "unknown", "programs: node2 has not looked yet"),
    ({f"{LOOK}/needs/shop/db/wrong": "the unit is masked"}, "critical", "db: the unit is masked"),
    ({f"{LOOK}/needs/shop/db/odd": "starts at boot"}, "warning", "programs: db: starts at boot"),
    ({f"{LOOK}/needs/shop/db/unknown": "no bus"}, "unknown", "programs: db: no bus"),
    ({f"{SHOP}/resources/1/used_percent": 95}, "warning", "/srv/shop is 95 % full"),
    ({"readiness/clock_apart_s": 3600.0}, "warning", "the clocks differ by 3600 s"),
]


@pytest.mark.parametrize(("changes", "level", "reason"), CASES)
def test_what_is_wrong_is_named_and_weighed(
    changes: dict[str, Any], level: str, reason: str
) -> None:
    verdict = judge(changed(**changes), "shop")
    assert verdict.level.value == level
    assert reason in verdict.reason
    bad = [item for item in verdict.items if item.level.value == level]
    assert all(item.remedy for item in bad if level in ("warning", "critical"))


@pytest.mark.parametrize(
    ("found", "level"),
    [
        ({"free_mib": 10, "inodes": 10000, "unknown": ""}, "critical"),
        ({"free_mib": 5000, "inodes": 3, "unknown": ""}, "critical"),
        ({"free_mib": 5000, "inodes": None, "unknown": ""}, "ok"),
        ({"unknown": "the file system does not answer"}, "critical"),
    ],
)
def test_a_node_without_room_is_not_ready(found: dict[str, Any], level: str) -> None:
    status = copy.deepcopy(GOOD)
    status["readiness"]["examined"]["space"]["/"] = found
    assert judge(status, "shop").level.value == level


@pytest.mark.parametrize(
    ("owner_of", "macs", "level"),
    [
        ("node1", ["aa"], "ok"),
        ("node1", ["aa", "bb"], "critical"),
        ("node1", [], "warning"),
        ("node2", [], "ok"),
        ("node2", ["bb"], "critical"),
        ("", ["bb"], "critical"),
    ],
)
def test_f56_the_owner_answers_to_its_address_and_nobody_else(
    owner_of: str, macs: list[str], level: str
) -> None:
    status = changed(**{f"{SHOP}/owner": owner_of, f"{SHOP}/standby/node": "node2"})
    status["readiness"]["examined"]["addresses"]["10.9.0.10"]["macs"] = macs
    assert judge(status, "shop").level.value == level


@pytest.mark.parametrize(
    ("told", "level"), [("critical", "critical"), ("warning", "warning"), ("unknown", "unknown")]
)
def test_the_owner_repeats_the_word_of_its_standby(told: str, level: str) -> None:
    status = owner()
    status["readiness"]["peer"] |= {"levels": {"shop": told}, "text": "programs: db: is masked"}
    verdict = judge(status, "shop")
    assert verdict.level.value == level
    assert told == "unknown" or "node2 says: programs: db: is masked" in verdict.reason


def test_a_judge_that_breaks_down_does_not_cost_the_status() -> None:
    told = brief({"services": [{"name": "shop"}]}, "shop")
    assert told["level"] == "unknown"
    assert "cannot be judged" in told["reason"]


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({}, "  failover   ready (a failover takes 4.5 to 11.5 s)"),
        ({"level": "warning", "reason": "links: lan"}, "ready, but links: lan (a failover"),
        ({"level": "critical", "reason": "data: no", "seconds": None}, "NOT READY data: no"),
    ],
)
def test_the_status_tells_it_in_one_line(told: dict[str, Any], line: str) -> None:
    service = {**SERVICE, "ready": {**SERVICE["ready"], **told}}
    shown = show.lines({**WELL, "services": [service]})
    assert [text for text in shown if line in text and text.startswith("  failover ")]


def test_a_service_that_does_not_exist_is_no_verdict() -> None:
    with pytest.raises(LookupError):
        judge(GOOD, "mail")


# What this node tells the other.


def readiness(times: Times | None = None) -> Readiness:
    return Readiness(Examiner({}, {}), times or Times(), 7, 60.0, 0.5)


def test_a_node_tells_what_it_would_take_over_and_nothing_else() -> None:
    status = copy.deepcopy(GOOD)
    mine = copy.deepcopy(status["services"][0]) | {"name": "mail", "owner": "node2"}
    mine["standby"] = {"node": "node1", "able": True, "why": ""}
    status["services"].append(mine)
    status["readiness"]["examined"]["needs"]["shop"]["db"]["wrong"] = "the unit is masked"
    word = readiness().word(status)
    assert word.levels == (("shop", 3),)
    assert word.text == "programs: db: the unit is masked"


def test_a_word_is_understood_by_the_other_node() -> None:
    other = readiness()
    other.heard(readiness().word(GOOD))
    told = other.facts(agreed=True)["peer"]
    assert told == {"settings": 7, "levels": {"shop": "ok"}, "text": ""}
    other.heard(Word(7, 0, (("shop", 99),)))
    assert other.facts(agreed=True)["peer"]["levels"] == {}, "a level of a later version"


def test_clocks_are_compared_by_new_words_alone() -> None:
    clock = PeerClock(1.0)
    clock.heard(Word(1, 10_000), 5000.0)
    assert clock.apart_s is None, "the first word may be old"
    clock.heard(Word(1, 10_600), 1060.4)
    assert clock.apart_s == 0.0
    clock.heard(Word(1, 10_600), 1100.0)
    assert clock.apart_s == 0.0, "the same word again says nothing"
    clock.heard(Word(1, 11_200), 1000.0)
    assert clock.apart_s == pytest.approx(120, abs=1)
    clock.heard(Word(1, 11_800), 1300.0)
    assert clock.apart_s == pytest.approx(119, abs=1)


# What was measured.


def test_the_last_measured_times_come_from_the_history_and_go_on(tmp_path: Path) -> None:
    def entry(code: str, at: float, service: str = "", **data: Any) -> dict[str, Any]:
        return {"code": code, "time": at, "service": service, "data": data}

    old = [
        entry("start-end", 1.0, "shop", ok=True, seconds=9.0),
        entry("start-end", 2.0, "shop", ok=True, seconds=2.0),
        entry("start-end", 3.0, "shop", ok=False, seconds=90.0),
        entry("fence-end", 4.0, level="bmc", ask="off", power="off", seconds=3.0),
        entry("fence-end", 5.0, level="bmc", ask="status", power="off", seconds=0.1),
        entry("fence-end", 6.0, level="pdu", ask="off", power="unknown", seconds=20.0),
    ]
    lines = [json.dumps(item) for item in old]
    (tmp_path / "history.jsonl").write_text("\n".join([*lines, '{"code":"start-end","da', ""]))
    times = Times()
    times.take(entry("start-end", 7.0, "mail", ok=True, seconds=1.0))
    times.read(tmp_path)
    assert {name: seconds for name, (seconds, _at) in times.starts.items()} == {
        "shop": 2.0,
        "mail": 1.0,
    }
    assert times.fences == {"bmc": (3.0, 4.0)}
    times.take(entry("stop-end", 8.0, "shop", ok=True, seconds=1.5))
    examiner = Examiner({}, {}, places=())
    told = Readiness(examiner, times, 7, 60.0, 0.5)
    status = copy.deepcopy(GOOD)
    status["readiness"] |= {"times": told.facts(agreed=True)["times"]}
    answer = asyncio.run(told.answer("shop", lambda: status))
    assert answer["services"][0]["move_s"] == 3.5


def test_without_a_measured_start_no_time_is_promised() -> None:
    status = changed(**{"readiness/times": {"starts": {}, "fences": {}}})
    assert judge(status, "shop").seconds is None


# What is on the node.


def test_a_program_that_cannot_run_is_told_with_the_reason(tmp_path: Path) -> None:
    good, broken, plain = tmp_path / "good", tmp_path / "broken", tmp_path / "plain"
    good.write_text("#!/usr/bin/env python3\n")
    broken.write_text("#!/opt/none/ruby -w\n")
    plain.write_text("#!/bin/sh\n")
    good.chmod(0o755)
    broken.chmod(0o755)
    assert programs.look(str(good), ()).wrong == ""
    assert programs.look(str(broken), ()).wrong == "needs /opt/none/ruby, which is not there"
    assert programs.look(str(plain), ()).wrong == "cannot be executed"
    assert programs.look(str(tmp_path / "none"), ()).wrong == "is not there"
    assert programs.look(str(tmp_path), ()).wrong == "cannot be executed"
    assert programs.look("/bin/sh", ()).binary


def test_what_lies_on_the_disk_of_the_service_is_not_missing(tmp_path: Path) -> None:
    link = tmp_path / "app"
    link.symlink_to("/srv/shop/bin/app")
    assert programs.look("/srv/shop/bin/app", ["/srv/shop"]).wrong == ""
    assert programs.look(str(link), ["/srv/shop"]).wrong == ""
    assert programs.look("/srv/shop2/bin/app", ["/srv/shop"]).wrong == "is not there"


def test_a_missing_library_is_found(
    script: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = "\tlibssl.so.3 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x0)"
    monkeypatch.setattr(programs, "LDD", script("ldd", f"printf '{output}\\n'"))
    assert asyncio.run(programs.lacking("/bin/true")) == "lacks the library libssl.so.3"


def test_a_real_program_lacks_nothing() -> None:
    assert asyncio.run(programs.lacking(os.path.realpath("/bin/sh"))) == ""


def test_f85_a_module_counts_loaded_built_in_and_on_the_disk(tmp_path: Path) -> None:
    lists = tmp_path / "lib/modules" / os.uname().release
    lists.mkdir(parents=True)
    (tmp_path / "proc").mkdir()
    (tmp_path / "sys/module/drbd").mkdir(parents=True)
    (tmp_path / "proc/filesystems").write_text("nodev\tproc\n\text4\n")
    (lists / "modules.builtin").write_text("kernel/fs/btrfs/btrfs.ko\n")
    (lists / "modules.dep").write_text("kernel/fs/xfs/xfs.ko.xz: kernel/lib/crc.ko\n")
    assert all(modules.has(name, tmp_path) for name in ("drbd", "ext4", "btrfs", "xfs"))
    assert not modules.has("crc", tmp_path), "it is only named as a dependency"
    assert not modules.has("zfs", tmp_path)


@asynchronous
async def test_f44_a_question_that_hangs_is_not_asked_again() -> None:
    asked = []
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> int:
        asked.append(1)
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(60)
        return 5

    asker = Asker(answer_s=0.05)
    for _round in range(3):
        with pytest.raises(OSError, match="does not answer"):
            await asker.ask("x", hang)
    assert asked == [1]
    gate.set()
    patient = Asker(answer_s=30.0)
    patient._pending = asker._pending
    assert await patient.ask("x", hang) == 5


class Part:
    """A resource that knows its needs."""

    def __init__(self, needs: Needs | Exception) -> None:
        self.found = needs

    async def needs(self) -> Needs:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class FakeService:
    def __init__(self, **parts: Part) -> None:
        self.resources = parts


@asynchronous
async def test_a_look_tells_what_each_resource_would_miss(tmp_path: Path) -> None:
    service = FakeService(
        good=Part(Needs(("/bin/sh",), "ext4")),
        gone=Part(Needs((str(tmp_path / "none"),))),
        kernel=Part(Needs(module="zfsx")),
        masked=Part(Needs(("/none",), wrong="the unit is masked", odd="starts at boot")),
        mute=Part(ResourceError("no bus")),
    )
    services: Any = {"shop": service}
    looked: list[int] = []
    examiner = Examiner(
        services, {"bmc": str(tmp_path / "fence_x")}, lambda: looked.append(1),
        places=[str(tmp_path), str(tmp_path / "absent")],
    )  # fmt: skip
    assert examiner.facts == {}
    await asyncio.gather(examiner.look(), examiner.look())
    facts = examiner.facts
    assert looked == [1, 1] or looked == [1]
    assert facts["agents"] == {"bmc": "is not there"}
    assert facts["space"][str(tmp_path)]["free_mib"] >= 0
    assert facts["space"][str(tmp_path / "absent")] == {}
    needs = facts["needs"]["shop"]
    assert needs["good"] == {"wrong": "", "odd": "", "unknown": ""}
    assert needs["gone"]["wrong"] == f"{tmp_path}/none is not there"
    assert needs["kernel"]["wrong"] == "the kernel has no zfsx"
    assert needs["masked"] == {
        "wrong": "the unit is masked",
        "odd": "starts at boot",
        "unknown": "",
    }
    assert needs["mute"]["unknown"] == "no bus"


@asynchronous
async def test_libraries_are_asked_for_once_until_a_file_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_bytes(programs.ELF + b"x")
    program.chmod(0o755)
    asked = []

    async def lacking(path: str) -> str:
        asked.append(path)
        return "lacks the library libx.so"

    monkeypatch.setattr(programs, "lacking", lacking)
    monkeypatch.setattr(examiners, "FRESH_S", 0.0)
    services: Any = {"shop": FakeService(app=Part(Needs((str(program),))))}
    examiner = Examiner(services, {}, places=())
    for content in (b"x", b"x", b"xx"):
        program.write_bytes(programs.ELF + content)
        os.utime(program, (1, 1))
        await examiner.look()
    assert len(asked) == 2
    assert "lacks the library libx.so" in examiner.facts["needs"]["shop"]["app"]["wrong"]


# The command.


def answer(level: str) -> dict[str, Any]:
    item = {"what": "programs", "level": level, "text": "db: is masked", "remedy": "unmask it"}
    service = {
        "name": "shop", "level": level, "reason": "programs: db: is masked",
        "seconds": [4.5, 11.5], "items": [item],
    }  # fmt: skip
    return {"ok": True, "format": 1, "node": "node2", "level": level, "services": [service]}


@pytest.mark.parametrize(
    ("level", "status"), [("ok", 0), ("warning", 1), ("critical", 2), ("unknown", 3)]
)
def test_the_exit_status_is_that_of_a_monitoring_plugin(
    level: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(page, "ask", lambda request, limit_s: answer(level))
    assert page.show("shop", as_json=False) == status
    assert Level(level).exit_status == status
    out = capsys.readouterr().out
    assert out.startswith(f"shop {page.WORDS[level]}: programs: db: is masked")
    assert "a failover takes 4.5 to 11.5 s" in out
    assert "-> unmask it" in out
    assert page.show("shop", as_json=True) == status
    assert json.loads(capsys.readouterr().out)["services"][0]["items"][0]["remedy"] == "unmask it"


def test_a_node_without_a_daemon_is_not_known_to_be_ready(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def ask(request: dict[str, Any], limit_s: float) -> dict[str, Any]:
        raise NotRunning("failoverd does not answer")

    monkeypatch.setattr(page, "ask", ask)
    assert page.show("", as_json=False) == 3
    assert "NOT KNOWN: failoverd does not answer" in capsys.readouterr().out
    assert page.show("", as_json=True) == 3
    assert json.loads(capsys.readouterr().out)["level"] == "unknown"
