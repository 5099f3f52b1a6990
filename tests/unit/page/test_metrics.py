# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics say what the status says, in the forms that Prometheus wants."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from failover_page.downtime import Downtime
from failover_page.metrics import exposition
from failover_page.phases import last_failovers
from failover_page.source import Seen
from tests.played import answers, crm_mon

NOW = 1_800_000_000.0
PAGE = Path(__file__).resolve().parents[3] / "docs/page.md"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def seen(answer: dict[str, Any]) -> Seen:
    return Seen(answer["status"], answer["history"], NOW, NOW, record=answer.get("record", {}))


def samples(said: Seen, downtime: Downtime | None = None) -> Samples:
    body = exposition(said, downtime or Downtime()).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((f"failover_{name}", frozenset({"cluster": "shop", **labels}.items())))


def test_a_cluster_that_is_well() -> None:
    found = samples(seen(answers.normal(NOW)))
    assert value(found, "daemon_up") == 1
    assert (
        value(found, "daemon_info", cluster="shop", node="node1", peer="node2", version="0.1.0")
        == 1
    )
    assert value(found, "service_role", service="shop", role="owner") == 1
    assert value(found, "service_role", service="shop", role="standby") == 0
    assert value(found, "service_owner", service="shop", node="node1") == 1
    assert value(found, "service_generation", service="shop") == 7
    assert value(found, "service_state", service="shop", state="running") == 1
    assert value(found, "standby_ready", service="shop", node="node2") == 1
    assert value(found, "link_state", link="lan", state="up") == 1
    assert value(found, "link_heartbeats_missed_total", link="lan") == 12
    assert value(found, "link_heartbeats_received_total", link="lan") == 864_000
    assert value(found, "heartbeat_age_seconds") == 0.08
    assert value(found, "ping_target_round_trip_seconds", target="192.0.2.254") == 0.0004
    bmc = {"device": "bmc", "method": "stonith"}
    assert value(found, "fence_device_answer_age_seconds", **bmc) == 20.4
    assert value(found, "takeover_expected_seconds", **bmc, bound="most") == 9
    assert value(found, "drbd_out_of_sync_bytes", service="shop") == 0
    assert value(found, "drbd_up_to_date", service="shop", side="peer") == 1
    assert value(found, "drbd_connected", service="shop") == 1
    assert value(found, "daemon_late_max_seconds") == 0.0125
    mount = {"service": "shop", "resource": "mount", "type": "filesystem"}
    assert value(found, "filesystem_used_ratio", **mount) == 0.41
    query = {"service": "shop", "resource": "postgresql", "type": "unit", "check": "query"}
    assert value(found, "check_ok", **query) == 1
    assert value(found, "check_duration_seconds", **query) == pytest.approx(0.0031)
    assert value(found, "watchdog_protecting") == 1
    assert value(found, "ready_state", service="shop", state="ok") == 1
    assert value(found, "predicted_duration_seconds", service="shop", bound="most") == 11
    assert value(found, "node_time_seconds") == NOW
    assert value(found, "findings", severity="critical") == 0


def test_a_cluster_that_is_degraded() -> None:
    found = samples(seen(answers.degraded(NOW)))
    assert value(found, "link_state", link="cross", state="down") == 1
    assert value(found, "link_state", link="cross", state="up") == 0
    assert value(found, "standby_ready", service="shop", node="node2") == 0
    assert value(found, "drbd_out_of_sync_bytes", service="shop") == 1_610_612_736
    assert value(found, "drbd_up_to_date", service="shop", side="peer") == 0
    assert value(found, "drbd_connected", service="shop") == 1
    bmc = {"device": "bmc", "method": "stonith"}
    assert value(found, "fence_device_state", **bmc, state="failed") == 1
    query = {"service": "shop", "resource": "postgresql", "type": "unit", "check": "query"}
    assert value(found, "check_ok", **query) == 0
    assert value(found, "warnings") == 1
    assert value(found, "ready_state", service="shop", state="critical") == 1
    assert value(found, "predicted_duration_seconds", service="shop", bound="most") is None
    assert value(found, "drbd_sync_done_ratio", service="shop") == 0.425
    assert value(found, "drbd_sync_left_seconds", service="shop") == 310
    assert (value(found, "findings", severity="warning") or 0) >= 3


def test_a_cluster_that_is_blocked_has_no_owner() -> None:
    found = samples(seen(answers.blocked(NOW)))
    assert value(found, "service_role", service="shop", role="none") == 1
    assert value(found, "service_owner", service="shop", node="node1") == 0
    assert value(found, "service_state", service="shop", state="blocked") == 1
    assert value(found, "peer_state", peer="node1", state="silent") == 1
    assert value(found, "drbd_connected", service="shop") == 0


def test_the_phases_of_the_last_failover() -> None:
    found = samples(seen(answers.after_failover(NOW)))
    phases = {
        phase: value(found, "last_failover_phase_seconds", service="shop", phase=phase)
        for phase in ("detect", "exclude", "promote", "mount", "address", "start")
    }
    assert phases == {
        "detect": 2.0,
        "exclude": 4.0,
        "promote": 0.5,
        "mount": 0.25,
        "address": 0.125,
        "start": 5.0,
    }
    assert value(found, "last_failover_duration_seconds", service="shop") == 12.5
    assert value(found, "last_failover_timestamp_seconds", service="shop") == NOW - 47.5


def test_a_failover_that_did_not_end_has_no_duration() -> None:
    said = answers.after_failover(NOW)
    said["history"] = said["history"][:-1]
    assert last_failovers(said["history"]) == []


def test_what_was_heard_before_the_peer_came_back_belongs_to_no_failover() -> None:
    said = answers.after_failover(NOW)
    history = said["history"]
    suspect = next(one for one in history if one["code"] == "peer-suspect")
    history.insert(history.index(suspect) + 1, {**suspect, "code": "peer-alive", "text": "back"})
    (failover,) = last_failovers(history)
    assert "detect" not in failover.phases
    assert failover.seconds == 6.5


def test_without_the_daemon_nothing_old_is_told() -> None:
    before = answers.normal(NOW)
    found = samples(Seen(before["status"], before["history"], NOW, NOW + 60, "failoverd: gone"))
    names = {name for name, _labels in found}
    assert value(found, "daemon_up") == 0
    assert names == {"failover_daemon_up", "failover_scrape_duration_seconds"}


def test_time_without_a_service_is_counted_by_its_cause() -> None:
    now = 100.0
    downtime = Downtime(lambda: now)

    def look(answer: dict[str, Any], at: float) -> None:
        nonlocal now
        now = at
        downtime.take(seen(answer))

    look(answers.normal(NOW), 100.0)
    look(answers.moving(NOW), 101.0)
    look(answers.moving(NOW), 102.0)
    look(answers.normal(NOW), 103.5)
    look(answers.blocked(NOW), 104.0)
    downtime.take(Seen(problem="gone"))
    now = 120.0
    look(answers.blocked(NOW), 120.0)
    found = samples(seen(answers.normal(NOW)), downtime)
    seconds = {
        cause: value(found, "service_downtime_seconds_total", service="shop", cause=cause)
        for cause in ("planned", "blocked", "failover", "failure")
    }
    # After an answer that did not come, nothing is known: the gap of 16 s is not counted.
    assert seconds == {"planned": 2.5, "blocked": 0.0, "failover": 0.0, "failure": 0.0}


FORM = re.compile(r"failover_[a-z][a-z_]*")
UNITS = ("seconds", "bytes", "ratio", "total", "info")


@pytest.mark.parametrize(
    "answer",
    [answers.normal, answers.degraded, answers.blocked, answers.after_failover, answers.moving],
)
def test_names_follow_the_conventions(answer: Callable[[float], dict[str, Any]]) -> None:
    body = exposition(seen(answer(NOW)), Downtime()).decode()
    for family in text_string_to_metric_families(body):
        assert FORM.fullmatch(family.name), family.name
        assert family.documentation.endswith("."), family.name
        assert not re.search(r"_(ms|percent|s|kb|minutes)$", family.name), family.name
        assert family.type in ("gauge", "counter"), family.name
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name


def damaged(value: Any, luck: random.Random) -> Any:
    """The same with parts of it replaced, as by a daemon of another version."""
    if luck.random() < 0.08:
        return luck.choice(
            [None, "", -1, 2**80, float("nan"), [], {}, ["x"], {"a": 1}, True, "é\n"]
        )
    if isinstance(value, dict):
        return {key: damaged(item, luck) for key, item in value.items() if luck.random() > 0.03}
    return [damaged(item, luck) for item in value] if isinstance(value, list) else value


def test_an_answer_of_another_version_never_breaks_the_metrics() -> None:
    whole = [answers.degraded(NOW), answers.after_failover(NOW)]
    for seed in range(400):
        said = damaged(copy.deepcopy(whole[seed % 2]), random.Random(seed))
        status = said.get("status") if isinstance(said, dict) else None
        history = said.get("history") if isinstance(said, dict) else None
        downtime = Downtime()
        answer = Seen(
            status if isinstance(status, dict) else {},
            [one for one in history if isinstance(one, dict)] if isinstance(history, list) else [],
            NOW,
            NOW,
        )
        downtime.take(answer)
        found = samples(answer, downtime)
        assert [
            value for (name, _labels), value in found.items() if name == "failover_daemon_up"
        ] == [1]


def test_the_documentation_lists_every_metric_and_no_other() -> None:
    told = set(
        re.findall(r"`(failover_[a-z_]+)`", PAGE.read_text("utf-8").partition("## The metr")[2])
    )
    downtime = Downtime()
    downtime.take(seen(answers.normal(NOW)))
    found = {
        name
        for answer in (answers.normal, answers.degraded, answers.after_failover)
        for name, _labels in samples(
            seen({**with_refused(answer(NOW)), "record": answers.record(NOW)}), downtime
        )
    }
    for disks in ({}, {"shop": {"disk": answers.normal(NOW)["status"]["services"][0]["disk"]}}):
        found |= {name for name, _labels in samples(other(disks))}
    assert told == found


def other(disks: dict[str, Any]) -> Seen:
    """What the other engine tells."""
    answer = crm_mon.answer("2.1.5", "lost", disks=disks)
    return Seen(answer["status"], answer["events"], NOW, NOW, recorded=False)


def with_refused(answer: dict[str, Any]) -> dict[str, Any]:
    answer["status"]["heartbeats"]["refused"] = {"wrong signature": 2}
    return answer


def test_the_account_of_availability_is_told_with_its_time() -> None:
    answer = answers.after_failover(NOW)
    account = answers.record(NOW)
    found = samples(Seen(answer["status"], [], NOW, NOW, record=account))
    assert value(found, "account_timestamp_seconds") == NOW
    assert value(found, "service_availability_ratio", service="shop") == pytest.approx(0.99985532)
    left = value(found, "service_availability_budget_left_seconds", service="shop")
    assert left == pytest.approx(765.1)
    labels = {"service": "shop", "cause": "node-lost", "planned": "false"}
    assert value(found, "service_account_downtime_seconds", **labels) == 12.5
    # It was true when it was made, also if the daemon does not answer now.
    alone = samples(Seen(answer["status"], [], NOW, NOW + 60, "failoverd: gone", account))
    assert value(alone, "service_availability_ratio", service="shop") is not None
    assert value(alone, "service_state", service="shop", state="running") is None
