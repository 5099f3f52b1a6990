# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong is told once, with its weight and with what to type."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd.control.health import health

from . import schemas
from .answers import WELL

PAGE = Path(__file__).parents[3] / "docs/findings.md"

Status = dict[str, Any]


def service(status: Status, **changes: Any) -> Status:
    status["services"][0].update(changes)
    return status


def down(status: Status, why: str, state: str = "blocked") -> None:
    service(status, state=state, owner="", local="stopped", why=why)


def unable(status: Status, why: str) -> Status:
    status["services"][0]["standby"].update(able=False, why=why)
    return status


def silent(status: Status) -> None:
    status["peer"]["life"] = "silent"
    for link in status["links"]:
        link["state"] = "down"
    unable(status, "node2 is silent")
    status["services"][0]["disk"].update(connection="WFConnection", peer_disk="Unknown")


def failing(status: Status) -> None:
    status["services"][0]["resources"][2]["monitor"][1].update(state="failed", reason="q: no")


CASES: dict[str, tuple[Callable[[Status], Any], str, str, str, str]] = {
    "no proof": (
        lambda s: down(s, "node2 is silent; when you know it is off: failoverctl confirm-fenced x"),
        "critical", "service-down", "shop is blocked: node2", "failoverctl confirm-fenced x",
    ),
    "failed": (
        lambda s: down(s, "it failed on node1: db: no"),
        "critical", "service-down", "failed on node1", "failoverctl clear shop",
    ),
    "broken": (
        lambda s: service(s, state="broken", why="db is half up"),
        "critical", "service-down", "shop is broken on node1", "failoverctl clear shop",
    ),
    "open for repair": (
        lambda s: service(s, state="open for repair"),
        "critical", "service-repair", "open for repair", "failoverctl repair close shop",
    ),
    "starting": (
        lambda s: service(s, state="starting", doing="db: redo 40 %"),
        "warning", "service-changing", "starting on node1: db: redo 40 %", "",
    ),
    "not looked at": (
        lambda s: service(s, state="stopped", owner="", local="unknown"),
        "warning", "service-unknown", "not known yet", "",
    ),
    "frozen": (
        lambda s: service(s, frozen="waiting for node2"),
        "critical", "io-frozen", "I/O is frozen: waiting", "",
    ),
    "split brain": (
        lambda s: s["services"][0]["disk"].update(connection="StandAlone"),
        "critical", "split-brain", "may have diverged", "docs/operating.md",
    ),
    "a part is down": (
        lambda s: s["services"][0]["resources"][2].update(state="down"),
        "critical", "resource-failed", "shop: db is down", "failoverctl history",
    ),
    "a check fails": (failing, "critical", "resource-failed", "db does not serve: q: no", "hist"),
    "full": (
        lambda s: s["services"][0]["resources"][0].update(used_percent=90),
        "warning", "file-system-full", "/srv/shop is 90 % full", "make room",
    ),
    "resync": (
        lambda s: (
            unable(s, "the disk on node2 is Inconsistent"),
            service(s, sync={"done_percent": 41.3, "left_s": None}),
        ),
        "warning", "standby-unable", "is Inconsistent (resync 41.3 % done)", "",
    ),
    "failed there": (
        lambda s: unable(s, "it failed on node2: no"),
        "warning", "standby-unable", "node2 cannot take over shop", "failoverctl clear shop",
    ),
    "a program is missing": (
        lambda s: service(
            s, ready={"level": "critical", "reason": "programs: db is masked", "seconds": None}
        ),
        "critical", "not-ready", "a failover of shop would not succeed: programs: db is masked",
        "failoverctl ready shop",
    ),
    "little space": (
        lambda s: service(s, ready={"level": "warning", "reason": "space: /var", "seconds": None}),
        "warning", "not-ready", "a failover of shop is in doubt: space: /var", "failoverctl ready",
    ),
    "behind": (
        lambda s: s["services"][0]["disk"].update(peer_disk="Consistent"),
        "warning", "replication-behind", "UpToDate here, Consistent there", "",
    ),
    "suspect": (
        lambda s: s["peer"].update(life="suspect"),
        "warning", "heartbeat-late", "node2: its heartbeats are late", "",
    ),
    "silent": (silent, "warning", "node-offline", "node2 is silent", "look at node2"),
    "maintenance": (
        lambda s: s.update(maintenance=True),
        "warning", "maintenance", "maintenance mode", "failoverctl maintenance off",
    ),
    "standby": (
        lambda s: (s.update(standby=["node2"]), unable(s, "node2 is in standby mode")),
        "warning", "node-standby", "node2 is in standby mode", "failoverctl online node2",
    ),
    "leaving": (lambda s: s.update(leaving=True), "warning", "node-leaving", "leaving", ""),
    "watchdog": (
        lambda s: s.update(watchdog={"why": "there is no watchdog", "device": "/dev/watchdog"}),
        "warning", "watchdog", "node1 may own nothing: there is no", "",
    ),
    "link down": (
        lambda s: s["links"][0].update(state="down"),
        "warning", "link-down", "link lan is down", "cable",
    ),
    "one way": (
        lambda s: s["links"][1].update(state="one-way"),
        "warning", "link-one-way", "link cross works in one direction only", "cable",
    ),
    "LAN lost": (
        lambda s: (s.update(reach="lost"), s["ping"][0].update(state="lost")),
        "critical", "network-lost", "node1 has lost its ping targets", "service network",
    ),
    "target lost": (
        lambda s: s["ping"][0].update(state="lost"),
        "warning", "ping-target-lost", "10.0.0.1 does not answer", "",
    ),
    "one device": (
        lambda s: s["exclusion"][0].update(last="failed", detail="no answer"),
        "warning", "fencing-degraded", "bmc cannot exclude node2: no answer", "docs/fencing.md",
    ),
    "disk": (
        lambda s: s.update(
            disks=[{"device": "/dev/vdb", "service": "shop", "state": "sick", "wrong": "hangs"}]
        ),
        "critical", "disk-sick", "/dev/vdb of shop hangs", "replace the disk",
    ),
    "anything else": (
        lambda s: s.update(warnings=["the journal cannot be written"]),
        "warning", "warning", "the journal cannot be written", "",
    ),
}  # fmt: skip


def test_nothing_is_wrong_with_a_cluster_in_order() -> None:
    assert health(WELL) == {"state": "ok", "findings": []}


@pytest.mark.parametrize("name", CASES)
def test_one_thing_that_is_wrong_is_one_finding(name: str) -> None:
    change, severity, code, text, remedy = CASES[name]
    status = copy.deepcopy(WELL)
    change(status)
    found = health(status)
    assert found["state"] == severity
    [finding] = found["findings"]
    assert (finding["severity"], finding["code"]) == (severity, code)
    assert text in finding["text"]
    assert (remedy in finding["remedy"]) if remedy else finding["remedy"] == ""


def test_what_readiness_and_a_finding_both_know_is_told_once() -> None:
    status = copy.deepcopy(WELL)
    status["exclusion"][0].update(last="failed")
    service(status, ready={"level": "warning", "reason": "exclusion: bmc: no", "seconds": None})
    assert [f["code"] for f in health(status)["findings"]] == ["fencing-degraded"]


def test_without_any_device_that_answers_a_failover_is_impossible() -> None:
    status = copy.deepcopy(WELL)
    for device in status["exclusion"]:
        device["last"] = "failed"
    found = health(status)
    assert {f["code"] for f in found["findings"]} == {"fencing-unavailable"}
    assert found["state"] == "critical"
    assert "a failover is impossible" in found["findings"][0]["text"]


@pytest.mark.parametrize(("life", "code"), [("alive", "link-down"), ("gone", "warning")])
def test_the_problem_of_a_link_is_told_once(life: str, code: str) -> None:
    status = copy.deepcopy(WELL)
    status["peer"]["life"] = life
    status["links"][0].update(state="down", problem="eth0: no carrier")
    status["warnings"] = ["link lan: eth0: no carrier"]
    told = [one for one in health(status)["findings"] if "no carrier" in one["text"]]
    assert [one["code"] for one in told] == [code]


def test_a_risk_that_was_accepted_is_shown_and_alarms_nobody() -> None:
    found = health({**WELL, "warnings": ["UNSAFE, accepted as single_link: there is one link"]})
    assert found["state"] == "ok"
    assert [f["severity"] for f in found["findings"]] == ["info"]


def test_every_code_is_explained_with_its_weight() -> None:
    fields = schemas.validator("status").schema["properties"]["health"]["properties"]
    codes = fields["findings"]["items"]["properties"]["code"]["enum"]
    rows = {row[1].strip("` "): row for row in _rows(PAGE.read_text(encoding="utf-8"))}
    assert set(rows) == set(codes)
    for _change, severity, code, _text, _remedy in CASES.values():
        assert severity in rows[code][2]


def _rows(text: str) -> list[list[str]]:
    return [line.split("|") for line in text.splitlines() if line.startswith("| `")]


def test_the_worst_comes_first() -> None:
    status = copy.deepcopy(WELL)
    silent(status)
    down(status, "no proof")
    status["warnings"] = ["UNSAFE, accepted as x", "the journal cannot be written"]
    severities = [f["severity"] for f in health(status)["findings"]]
    assert severities == ["critical", "warning", "warning", "info"]
