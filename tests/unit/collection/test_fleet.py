# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clusters in one table, the worst first, whatever their nodes answered."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _fleet

FINDING = {
    "severity": "warning",
    "code": "link-down",
    "about": "lan",
    "text": "link lan is down",
    "remedy": "look at cable and switch",
}
STATUS: dict[str, Any] = {
    "cluster": "shop",
    "node": "n1",
    "services": [{"name": "web", "state": "running", "owner": "n1", "why": ""}],
    "health": {"state": "ok", "findings": []},
}


def status(node: str = "n1", *findings: dict[str, str], **more: Any) -> dict[str, Any]:
    found = {**copy.deepcopy(STATUS), "node": node, **more}
    found["health"]["findings"] = list(findings)
    return {"status": found}


def critical(text: str = "web is blocked: no proof") -> dict[str, str]:
    return {
        "severity": "critical",
        "code": "service-down",
        "about": "web",
        "text": text,
        "remedy": "failoverctl confirm-fenced n2",
    }


def report(**answers: Any) -> dict[str, Any]:
    """Of the clusters a, b, ...; node n1 of the cluster a is a1."""
    names = sorted({name[0] for name in answers})
    clusters = {name: [f"{name}1", f"{name}2"] for name in names}
    return _fleet.report(clusters, answers, 1.0)


def test_the_worst_cluster_is_the_first() -> None:
    found = report(
        a1=status(),
        a2=status("a2"),
        b1=status("b1", FINDING),
        b2=status("b2"),
        c1={"msg": "no route to host", "unreachable": True},
        d1=status("d1", critical()),
        d2=status("d2"),
    )
    rows = [(row["name"], row["state"]) for row in found["clusters"]]
    assert rows == [("d", "critical"), ("c", "unknown"), ("b", "warning"), ("a", "ok")]
    assert found["counts"] == {"critical": 1, "unknown": 1, "warning": 1, "ok": 1}
    table = _fleet.table(found)
    assert table[1].startswith("CRITICAL d        1/1     web is blocked: no proof (failoverctl ")
    assert table[2].startswith("UNKNOWN  c        ?       no node answers")
    assert table[-2] == "OK       a        1/1     web on n1"
    assert table[-1] == "1 critical · 1 unknown · 1 warning · 1 ok"
    assert json.loads(json.dumps(found)) == found


def test_what_both_nodes_say_is_told_once() -> None:
    found = report(a1=status("a1", FINDING), a2=status("a2", FINDING))
    assert [f["code"] for f in found["clusters"][0]["findings"]] == ["link-down"]


def test_two_warnings_in_other_words_are_two() -> None:
    warning = {**FINDING, "code": "warning", "about": "", "text": "x"}
    found = report(a1=status("a1", warning), a2=status("a2", {**warning, "text": "y"}))
    assert [f["text"] for f in found["clusters"][0]["findings"]] == ["x", "y"]


def test_a_node_without_an_answer_is_a_warning_with_its_reason() -> None:
    found = report(a1=status("a1"), a2={"msg": "failoverd\n does not run", "status": {}})
    [row] = found["clusters"]
    assert row["state"] == "warning"
    assert row["findings"][0]["text"] == "a2 does not answer: failoverd does not run"
    assert row["nodes"] == [{"name": "a1", "answers": True}, {"name": "a2", "answers": False}]


def test_a_node_that_was_left_out_of_the_play_belongs_to_the_cluster() -> None:
    [row] = report(a1=status("a1"))["clusters"]
    assert row["findings"][0]["text"] == "a2 does not answer: it was not asked"


def test_a_service_is_told_as_its_owner_tells_it() -> None:
    stale = [{"name": "web", "state": "starting", "owner": "a2", "why": ""}]
    found = report(
        a1=status("a1", services=stale),
        a2=status("a2", services=[{**stale[0], "state": "running"}]),
    )
    assert found["clusters"][0]["services"] == [{"name": "web", "state": "running", "owner": "a2"}]


def test_an_accepted_risk_is_no_fault() -> None:
    risk = {**FINDING, "severity": "info", "code": "accepted-risk"}
    found = report(a1=status("a1", risk), a2=status("a2"))
    assert found["clusters"][0]["state"] == "ok"
    assert "WHERE" in _fleet.table(found)[0] and "link" not in _fleet.table(found)[1]


def test_an_engine_that_does_not_judge_is_no_cluster_in_order() -> None:
    answer = status("a1")
    del answer["status"]["health"]
    [row] = report(a1=answer, a2=status("a2"))["clusters"]
    assert row["state"] == "warning"
    assert [f["code"] for f in row["findings"]] == ["not-judged"]


def test_the_page_has_no_script_and_nothing_of_others_is_markup() -> None:
    evil = critical('<script>alert("x")</script>')
    text = _fleet.page(report(a1=status("a1", evil), a2=status("a2")), "<now>")
    assert "<script" not in text and "&lt;script&gt;" in text and "&lt;now&gt;" in text
    assert not re.search(r"(src|href)=", text)
    assert '<td class="state critical">CRITICAL</td>' in text
    assert "<code>failoverctl confirm-fenced n2</code>" in text


def test_no_cluster_is_a_table_too() -> None:
    found = _fleet.report({}, {}, 1.0)
    assert _fleet.table(found)[-1] == "no cluster"
    assert "<tbody>" in _fleet.page(found, "now")
