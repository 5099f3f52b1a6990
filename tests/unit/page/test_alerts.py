# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert rules, runbooks and dashboard fit the metrics. make show WHAT=see fires the rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.played.faults import FAULTS, series

DOCS = Path(__file__).resolve().parents[3] / "docs"
(GROUP,) = yaml.safe_load((DOCS / "monitoring/rules.yml").read_text("utf-8"))["groups"]
RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in GROUP["rules"]}
DASHBOARD = json.loads((DOCS / "monitoring/dashboard.json").read_text("utf-8"))
KNOWN = set(re.findall(r"`(failover_[a-z_]+)`", (DOCS / "page.md").read_text("utf-8")))
METRIC = re.compile(r"failover_[a-z_]+")
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


@pytest.mark.parametrize("alert", RULES)
def test_an_alert_says_how_bad_it_is_and_where_it_is_explained(alert: str) -> None:
    rule = RULES[alert]
    assert rule["labels"]["severity"] in ("info", "warning", "critical")
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert rule["annotations"]["runbook"] == f"docs/runbooks/{alert}.md"
    used = set(METRIC.findall(rule["expr"]))
    assert used and used <= KNOWN


@pytest.mark.parametrize("alert", RULES)
def test_a_runbook_has_its_four_parts(alert: str) -> None:
    text = (DOCS / f"runbooks/{alert}.md").read_text("utf-8")
    assert f"\n# {alert}\n" in text
    assert f"Severity: {RULES[alert]['labels']['severity']}." in text
    assert re.findall(r"^## (.*)$", text, re.M) == PARTS
    for body in re.split(r"^## .*$", text, flags=re.M)[1:]:
        assert body.strip()


def test_the_documentation_lists_every_alert() -> None:
    text = (DOCS / "page.md").read_text("utf-8")
    listed = re.findall(r"^\| \[(\w+)\]\(runbooks/(\w+)\.md\) \| (\w+) \|", text, re.M)
    assert listed == [(name, name, rule["labels"]["severity"]) for name, rule in RULES.items()]


def test_no_runbook_is_left_over_and_every_alert_has_a_fault() -> None:
    assert {path.stem for path in (DOCS / "runbooks").glob("*.md")} == set(RULES)
    assert set(FAULTS) == set(RULES)


@pytest.mark.parametrize("alert", RULES)
def test_the_fault_of_an_alert_changes_a_metric_that_its_rule_reads(alert: str) -> None:
    well, faulty = series(), series(alert)
    changed = {
        METRIC.match(name)[0]  # type: ignore[index]
        for name in well.keys() | faulty.keys()
        if well.get(name) != faulty.get(name)
    }
    assert changed & set(METRIC.findall(RULES[alert]["expr"]))


def test_the_dashboard_asks_for_metrics_that_there_are_and_for_one_cluster() -> None:
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        for target in panel["targets"]:
            used = METRIC.findall(target["expr"])
            assert used and set(used) <= KNOWN, panel["title"]
            assert target["expr"].count('cluster="$cluster"') == len(used), panel["title"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_no_two_panels_of_the_dashboard_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
