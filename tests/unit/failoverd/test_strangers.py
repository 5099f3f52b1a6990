# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats of another cluster that has this one's key are told, and not too often."""

from __future__ import annotations

import pytest

from failoverd.links.strangers import AGAIN_S, SHOWN_S, Strangers

pytestmark = pytest.mark.finding("S5")


def test_it_is_told_once_and_shown_for_as_long_as_it_lasts() -> None:
    told: list[tuple[str, str]] = []
    one = Strangers("a", ("node1", "node2"), lambda code, text: told.append((code, text)))
    assert one.problem(0.0) == ""
    for tenth in range(100):
        one.met("lan", "b", "node2", 100.0 + tenth / 10)
    [(code, text)] = told
    assert code == "stranger"
    for word in (
        "link lan",
        "cluster b, node node2",
        "cluster a",
        "node1 and node2",
        "failover_name",
    ):
        assert word in text
    assert one.problem(110.0) == text
    assert one.problem(110.0 + SHOWN_S) == ""
    one.met("lan", "b", "node2", 100.0 + AGAIN_S)
    assert len(told) == 2


def test_strangers_that_come_in_turn_do_not_flood_the_history() -> None:
    told: list[str] = []
    one = Strangers("a", ("node1", "node2"), lambda code, text: told.append(text))
    for number in range(1000):
        one.met("lan", f"b{number}", "node2", 100.0 + number / 10)
    assert len(told) == 2


def test_a_node_that_has_the_name_of_this_one_is_told_as_what_it_is() -> None:
    one = Strangers("a", ("node1", "node2"), lambda code, text: None)
    one.met("lan", "a", "node1", 100.0)
    assert "the other node has the configuration of this one" in one.problem(100.0)
    assert "failover_name" not in one.problem(100.0)
