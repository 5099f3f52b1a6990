# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No order of messages, losses, crashes and timeouts breaks S1 or S2; and deliberate bugs show."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from .bugs import BUGS, Bug
from .scenarios import Scenario, handshakes, takeovers
from .search import search, story

DEEPER = int(os.environ.get("DEPTH", "0"))
"""Moves to follow instead of each scenario's own number."""
BUG_DEPTH = 7
"""Each bug shows within this many moves."""
SCENARIOS = {scenario.name: scenario for scenario in (*handshakes(), *takeovers())}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_no_interleaving_breaks_the_contract(
    scenario: Scenario, record_property: Callable[[str, object], None]
) -> None:
    starts = list(scenario.starts)
    found = search(scenario.name, scenario.explorer, starts, DEEPER or scenario.depth)
    print(found.line())
    record_property("states", found.states)
    told = "\n".join(story(scenario.explorer, starts, found))
    assert not found.violation, f"{found.line()}\n{told}"
    # A depth of 99 is a promise: the search ends by itself, because there is nothing more.
    assert found.complete or found.depth == (DEEPER or scenario.depth) < 99


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_deliberate_bug_is_found_and_told(bug: Bug) -> None:
    scenario = SCENARIOS[bug.scenario]
    starts = list(scenario.starts)
    with bug.inside():
        found = search(scenario.name, scenario.explorer, starts, BUG_DEPTH)
        told = list(story(scenario.explorer, starts, found))
    assert found.violation, f"{bug.name} is not found: {found.line()}"
    assert told[-1].strip() == found.violation
    assert len([line for line in told if line[:3].strip().isdigit()]) == len(found.way)
    print("\n".join([bug.name, *told]))


def test_worlds_that_differ_in_what_matters_are_kept_apart() -> None:
    """The same moment reached by two orders is one world, another moment is another."""
    scenario = SCENARIOS["switchover"]
    start, explorer = scenario.starts[0], scenario.explorer
    one = explorer.apply(explorer.apply(start, ("tick", 0, 0)), ("tick", 1, 0))
    other = explorer.apply(explorer.apply(start, ("tick", 1, 0)), ("tick", 0, 0))
    assert one.key() == other.key()
    keys = {explorer.apply(start, move).key() for move in explorer.moves(start)}
    assert len(keys | {start.key()}) == len(explorer.moves(start)) + 1
