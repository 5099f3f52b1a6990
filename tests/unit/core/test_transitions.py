# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of states: complete, without a dead line, and the only way from one to another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import failoverd.core
from failoverd.core import actions, events, transitions
from failoverd.core.clock import Clock
from failoverd.core.events import Found, Verb
from failoverd.core.memory import Memory
from failoverd.core.message import Local
from failoverd.core.rules import lifecycle, replica
from failoverd.core.step import begin
from failoverd.core.transitions import TABLE, Cause, ForbiddenTransition, after
from failoverd.core.workbench import Step as Bench
from tests.generated_docs.transitions import PAGE, page

from .pair import ALONE, GOOD, Half, Pair
from .swap import swap

ROOT = Path(__file__).resolve().parents[3]
Step = tuple[Local, Cause]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Step]]:
    """Every line of the table that was used."""
    used: set[Step] = set()

    def recording(local: Local, cause: Cause) -> Local:
        used.add((local, cause))
        return after(local, cause)

    monkeypatch.setattr(transitions, "after", recording)
    yield used


def found(what: Found, mine: bool) -> Half:
    """A node whose probe found this."""
    node = Half("a", "b", 3 << 32)
    node.settle(GOOD, what, mine)
    return node


def starting() -> Pair:
    """a starts the service."""
    pair = Pair()
    pair.talk()
    for half in (pair.a, pair.b):
        half.settle()
    pair.talk()
    assert pair.a.shop.local is Local.STARTING
    return pair


def safe_stop(half: Half) -> None:
    """A rule breaks down over an outcome."""
    half.may_break = True
    with pytest.MonkeyPatch.context() as patch:
        swap(patch, replica, "change", lambda *given: 1 / 0)
        Pair.see(half, ALONE)


def recovering() -> Half:
    """A part of it is restarted in place."""
    a = Pair().running().a
    a.feed(events.ResourceFailed("shop", "db", "died"))
    return a


def settling() -> Half:
    """Its look at a start of its earlier life goes on."""
    a = Pair().a
    a.state, todo = begin(a.config, 2 << 32, a.now, Memory(held=frozenset({"shop"})))
    [look] = [order for order in todo if isinstance(order, actions.Probe)]
    a.feed(events.OpProgress("shop", look.op, "redo 1 %"))
    return a


def test_every_line_of_the_table_is_reached(seen: set[Step]) -> None:
    for what in Found:
        for mine in (True, False):
            found(what, mine)
    starting().a.finish(actions.Start, ok=False)
    safe_stop(starting().a)
    recovering().finish(actions.Recover)
    recovering().finish(actions.Recover, ok=False)
    safe_stop(recovering())
    safe_stop(Pair().running().a)
    for ok in (True, False):
        a = Pair().running().a
        a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
        a.finish(actions.Stop, ok)
        a.feed(events.Command(2, Verb.CLEAR))
    b = Pair(restarts=0).running().b
    b.feed(events.Command(1, Verb.MAINTENANCE, "on"))
    b.feed(events.Command(2, Verb.MAINTENANCE, "off"))
    Pair(restarts=0).running().a.feed(events.ResourceFailed("shop", "db", "died"))
    Half("a", "b", 1 << 32 | 11, retired=True).settle(found=Found.RUNNING, mine=True)
    for leaving in (starting().a, recovering(), settling()):
        leaving.feed(events.Command(1, Verb.HANDOVER))
    lines = {(line.source, line.cause) for line in TABLE}
    assert lines - seen == set(), "no rule goes this way: the line is dead"
    assert seen <= lines


def test_every_state_can_be_reached_and_left() -> None:
    reached, size = {Local.UNKNOWN}, 0
    while size != len(reached):
        size = len(reached)
        reached |= {line.target for line in TABLE if line.source in reached}
    assert reached == set(Local)
    assert {line.source for line in TABLE} == set(Local)


def test_a_cause_leads_from_one_state_to_one_state() -> None:
    steps = [(line.source, line.cause) for line in TABLE]
    assert len(steps) == len(set(steps))
    assert all(line.source is not line.target for line in TABLE)


def test_nothing_starts_but_from_stopped_and_stops_but_when_it_is_down() -> None:
    assert {t.source for t in TABLE if t.target is Local.STARTING} == {Local.STOPPED}
    into = {t.cause for t in TABLE if t.target is Local.STOPPED}
    assert into == {Cause.STOPPED, Cause.FOUND_STOPPED}


def test_a_step_that_is_not_in_the_table_is_refused() -> None:
    a = Pair().running().a
    with pytest.raises(ForbiddenTransition, match="running cannot have 'start'"):
        lifecycle.enter(Bench(a.state, Clock(a.now)), a.shop, Cause.START)


def test_in_production_such_a_step_ends_in_a_safe_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = starting()
    a = pair.a
    a.may_break = True
    a.state = replace(a.state, services=(replace(a.shop, local=Local.BROKEN),))
    a.finish(actions.Start)
    assert "broken cannot have 'recovered'" in a.state.defect


def test_no_rule_changes_a_state_past_the_table() -> None:
    for path in Path(failoverd.core.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                sets = node.func.attr == "set_service"
                names = {keyword.arg for keyword in node.keywords}
                inside = path.name == "lifecycle.py" and None in names
                assert not (sets and "local" in names) or inside, f"{path.name}:{node.lineno}"


def test_the_page_of_the_table_is_not_stale() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert text == page(), "run make docs"
