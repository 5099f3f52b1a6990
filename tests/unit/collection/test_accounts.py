# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The availability of many clusters: the service with the least of its budget first."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _accounts

CLUSTERS = {"a": ["a1", "a2"], "b": ["b1", "b2"]}


def service(name: str, left_s: float, known_s: float = 1000.0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "known_s": known_s,
        "unknown_s": 0.0,
        "planned_s": 3.0,
        "unplanned_s": 8.2,
        "moves": 1,
        "failures": 2,
        "availability": 99.5,
        "budget": {"allowed_s": 100.0, "used_s": 100.0 - left_s, "left_s": left_s},
        **more,
    }


def test_the_least_of_the_budget_comes_first_and_nothing_known_last() -> None:
    found = _accounts.report(
        CLUSTERS,
        {
            "a1": {"services": [service("web", 50.0), service("mail", -20.0)]},
            "a2": {"services": []},
            "b1": {"services": [service("shop", 10.0)]},
            "b2": {"services": [service("new", 100.0, known_s=0.0, availability=None)]},
        },
    )
    assert [row["name"] for row in found["services"]] == ["mail", "shop", "web", "new"]
    assert found["silent"] == []
    table = _accounts.table(found)
    assert table[0].split() == [*_accounts.HEAD[:-1], "TOLD", "BY"]
    assert table[1].split("  ")[0] == "-20.0 s"
    assert "99.5000 %" in table[1] and "8.2 s in 2" in table[1] and "3.0 s in 1" in table[1]
    assert "unknown" in table[4]


def test_of_two_nodes_the_one_that_knows_more_is_believed() -> None:
    found = _accounts.report(
        {"a": ["a1", "a2"]},
        {
            "a1": {"services": [service("web", 50.0, known_s=10.0)]},
            "a2": {"services": [service("web", 40.0, known_s=900.0)]},
        },
    )
    [row] = found["services"]
    assert (row["told_by"], row["budget"]["left_s"]) == ("a2", 40.0)


def test_a_node_without_an_answer_is_told_below() -> None:
    found = _accounts.report(
        {"a": ["a1", "a2"]},
        {"a1": {"services": [service("web", 50.0)]}, "a2": {"msg": "no route\n to host"}},
    )
    assert _accounts.table(found)[-1] == "a2 of a does not answer: no route to host"
