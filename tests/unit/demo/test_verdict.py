# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When does the demonstration count as failed?"""

from __future__ import annotations

from typing import Any

import pytest

from lab.client.gaps import Gap
from lab.demo.verdict import came_back, failures
from lab.observer import Interval
from tests.unit.demo.made_up import account


def report(changed: int = 0, **event: Any) -> dict[str, Any]:
    """A report with one event."""
    values = {"name": "power_off", "lost": 0, "active_before": "node1", "active_after": "node2"}
    return {"provision": {"second_run_changed": changed}, "events": [{**values, **event}]}


def test_a_good_run_has_no_failures() -> None:
    assert failures(report(), [], [True], account()) == []


@pytest.mark.parametrize(
    ("given", "both", "returned", "summary", "sentence"),
    [
        (report(changed=3), [], [True], account(), "second run of site.yml changed 3"),
        (report(lost=2), [], [True], account(lost=[4, 9]), "2 acknowledged rows were lost"),
        (report(), [], [True], account(lost=[4]), "1 acknowledged rows are missing"),
        (report(), [Interval(1.0, 3.5)], [True], account(), "active at once 1 times"),
        (report(), [], [False], account(), "the service did not return"),
        (report(active_after="node1"), [], [True], account(), "stayed on node1"),
        (report(active_after=""), [], [True], account(), "no single active node"),
        (report(), [], [True], account(verified=False), "nothing is proved"),
        (report(), [], [True], {}, "nothing is proved"),
        (report(lost=None), [], [True], account(), "not known whether rows were lost"),
        (report(), [], [True], account(duplicated=[7]), "more than once"),
        (report(), [], [True], account(appeared=[7]), "never acknowledged"),
        (report(), [], [], account(), "not every event has a result"),
    ],
)
def test_each_fault_fails_the_run_with_its_own_sentence(
    given: dict[str, Any],
    both: list[Interval],
    returned: list[bool],
    summary: dict[str, Any],
    sentence: str,
) -> None:
    found = failures(given, both, returned, summary)
    assert any(sentence in text for text in found), found


def test_the_service_is_back_only_when_everything_is() -> None:
    back, away = Gap(1.0, 2.0, True), Gap(1.0, 2.0, False)
    assert came_back([back, back])
    assert not came_back([back, away])
