# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the core: every event is taken in, every rule says why it looks where it does."""

from __future__ import annotations

import typing
from pathlib import Path

from failoverd.core import events, step
from failoverd.core.rules import leave
from tests.generated_docs.rules import PAGE, page

from .pair import Pair

ROOT = Path(__file__).resolve().parents[3]


def test_every_event_but_the_passing_of_time_is_taken_in() -> None:
    kinds = set(typing.get_args(events.Event)) - {events.Tick}
    assert kinds == step.INTAKE.keys() | step.INTAKE_OF_SERVICE.keys()
    assert not step.INTAKE.keys() & step.INTAKE_OF_SERVICE.keys()


def test_an_event_of_a_service_that_is_unknown_changes_nothing() -> None:
    a = Pair().running().a
    before = a.state.services
    assert a.feed(events.ResourceFailed("other", "db", "died")) == []
    assert a.state.services == before


def test_every_rule_has_a_name_of_its_own_and_a_reason_for_its_place() -> None:
    rules = [*step.FIRST, *step.RULES]
    assert len({rule.name for rule in rules}) == len(rules)
    assert all(rule.faults and rule.why_here for rule in rules)
    assert len({reason.name for reason in leave.REASONS}) == len(leave.REASONS)


def test_the_page_of_the_rules_is_not_stale() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page()
