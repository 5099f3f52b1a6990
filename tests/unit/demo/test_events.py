# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phases, downtimes and counts of each event."""

from __future__ import annotations

import json

import pytest

from lab.demo.events import measure, timeline
from lab.demo.phases import PHASES, durations, parse_history, steps
from tests.unit.demo.made_up import WALL, entry, history, played, served


def test_the_phases_of_a_power_cut() -> None:
    spans = steps("power_off", history(), WALL + 30.0, WALL + 40.5, "node1")
    phases = durations("power_off", spans, "node1")
    assert phases == {
        "detect": pytest.approx(1.0),
        "fence": pytest.approx(1.25),
        "promote": pytest.approx(0.65),
        "mount": pytest.approx(0.1),
        "start": pytest.approx(2.2),
        "address": pytest.approx(0.5),
    }
    assert tuple(phases) == PHASES


def test_the_phases_of_a_switchover_fence_nobody_and_start_means_postgresql() -> None:
    spans = steps("switchover", history(), WALL + 10.0, WALL + 17.5, "node2")
    phases = durations("switchover", spans, "node2")
    assert phases["fence"] == 0.0
    assert phases["detect"] == pytest.approx(0.3)
    assert phases["promote"] == pytest.approx(0.13)
    assert phases["start"] == pytest.approx(1.0)
    assert [span.step for span in spans if span.node == "node1"] == [
        "detect",
        "stop postgresql",
        "stop mount",
    ]


def test_a_fence_that_needed_a_second_device_lasts_until_the_peer_is_gone() -> None:
    entries = [
        entry(31.0, "node1", "fence-begin"),
        entry(33.0, "node1", "fence-end", power="unknown"),
        entry(33.1, "node1", "fence-begin"),
        entry(35.0, "node1", "fence-end", power="off"),
        entry(35.0, "node1", "peer-gone"),
    ]
    spans = steps("power_off", entries, WALL + 30.0, WALL + 60.0, "node1")
    assert durations("power_off", spans, "node1")["fence"] == pytest.approx(4.0)


def test_what_the_history_lacks_is_not_made_up() -> None:
    phases = durations("power_off", steps("power_off", [], 0.0, 9.0, "node1"), "node1")
    assert set(phases.values()) == {None}


def test_the_history_is_read_as_a_list_or_line_by_line() -> None:
    entries = history()
    text = "\n".join(json.dumps(item) for item in reversed(entries))
    assert parse_history(json.dumps(entries)) == parse_history(text)
    assert [item["time"] for item in parse_history(text)] == sorted(i["time"] for i in entries)


def test_downtimes_and_losses_belong_to_their_event() -> None:
    data = served()
    in_second = next(number for number, mono in data.numbers.items() if mono > 20.0)
    first, second = measure(played(), data, [in_second], history())
    assert first.as_report()["downtime_s"] == {
        "postgresql": pytest.approx(2.0),
        "http": pytest.approx(1.4),
    }
    assert second.gaps["postgresql"].seconds == pytest.approx(5.5)
    assert (first.lost, second.lost) == (0, 1)
    assert first.acknowledged + second.acknowledged == len(data.rows)


def test_the_report_has_exactly_the_promised_fields() -> None:
    event = measure(played(), served(), [], history())[0].as_report()
    assert list(event) == [
        "name",
        "service",
        "downtime_s",
        "phases_s",
        "acknowledged",
        "lost",
        "active_before",
        "active_after",
    ]


def test_an_unread_table_leaves_losses_open() -> None:
    assert measure(played(), served(), None, history())[0].lost is None


def test_the_timeline_counts_from_the_event_on() -> None:
    event = measure(played(), served(), [], history())[1]
    picture = timeline(event, served())
    assert picture["unserved"]["postgresql"] == [[pytest.approx(0.0), pytest.approx(5.5)]]
    fence = next(step for step in picture["steps"] if step["step"] == "fence")
    assert (fence["begin"], fence["end"]) == (pytest.approx(1.0), pytest.approx(2.25))
    assert picture["begin"] < 0 < 5.5 < picture["end"]
