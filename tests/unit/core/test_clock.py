# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of a step remembers what it was compared with, and that is the next deadline."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from pathlib import Path

import pytest

import failoverd.core
from failoverd.core import events
from failoverd.core.clock import LONGEST_S, Clock
from failoverd.core.events import Verb
from failoverd.core.message import Local
from failoverd.core.rules import fence, heartbeat, replica
from failoverd.core.step import deadline, step

from .pair import ALONE, Half, Pair
from .swap import swap

pytestmark = pytest.mark.finding("S7")

APART = {"clock.py", "lock.py"}
"""The clock itself, and the shared disk's lock, which is a machine of its own."""


def test_the_earliest_time_to_come_that_was_asked_for_is_ahead() -> None:
    clock = Clock(10.0)
    assert clock.ahead == 10.0 + LONGEST_S
    assert [clock.passed(time) for time in (9.0, 10.0, 10.4, 10.2)] == [True, True, False, False]
    assert clock.ahead == 10.2


def test_what_has_to_be_over_is_looked_at_just_after_it() -> None:
    clock = Clock(10.0)
    assert not clock.beyond(10.0)
    assert clock.ahead > 10.0
    assert Clock(clock.ahead).beyond(10.0)
    assert Clock(10.0).beyond(-math.inf)


def test_no_rule_compares_the_present_behind_the_clocks_back() -> None:
    """What the clock does not see, no deadline is made of."""
    for path in Path(failoverd.core.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = [] if path.name in APART else [
            f"{path.name}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Compare) and any(_is_now(part) for part in ast.walk(node))
        ]  # fmt: skip
        assert found == []


def _is_now(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id == "now"
    return isinstance(node, ast.Attribute) and node.attr == "now"


# -- after a tick the next one lies ahead ---------------------------------------------------

Scene = Callable[[pytest.MonkeyPatch], Half]


def owner(patch: pytest.MonkeyPatch) -> Half:
    return Pair().running().a


def starting(patch: pytest.MonkeyPatch) -> Half:
    return Half("a", "b", 1 << 32)


def alone(patch: pytest.MonkeyPatch) -> Half:
    b = Pair().running().b
    Pair.see(b, ALONE)
    return b


def in_maintenance(patch: pytest.MonkeyPatch) -> Half:
    b = alone(patch)
    b.feed(events.Command(1, Verb.MAINTENANCE, "on"))
    return b


def left(patch: pytest.MonkeyPatch) -> Half:
    """It had a reason to shoot when it left."""
    b = alone(patch)
    b.pass_time(4)
    b.feed(events.Command(1, Verb.HANDOVER))
    assert b.state.left
    return b


def stopping_in_a_safe_stop(patch: pytest.MonkeyPatch) -> Half:
    a = owner(patch)
    a.may_break = True
    with pytest.MonkeyPatch.context() as now:
        swap(now, replica, "change", lambda *given: 1 / 0)
        Pair.see(a, ALONE)
    assert a.state.defect
    assert a.shop.local is Local.STOPPING
    return a


def in_a_broken_safe_stop(patch: pytest.MonkeyPatch) -> Half:
    a = stopping_in_a_safe_stop(patch)
    swap(patch, heartbeat, "speak", lambda *given: 1 / 0)
    return a


def with_a_broken_rule(patch: pytest.MonkeyPatch) -> Half:
    a = owner(patch)
    a.may_break = True
    swap(patch, fence, "exclude", lambda *given: 1 / 0)
    return a


@pytest.mark.parametrize(
    "scene",
    [
        owner, starting, alone, in_maintenance, left, stopping_in_a_safe_stop,
        in_a_broken_safe_stop, with_a_broken_rule,
    ],
)  # fmt: skip
@pytest.mark.parametrize("late_s", [0.0, 0.05, 1.0])
def test_after_a_tick_the_next_deadline_lies_ahead(
    scene: Scene, late_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = scene(monkeypatch)
    state, now = half.state, half.now
    for _round in range(400):
        now = deadline(state, now) + late_s
        state, _actions = step(state, events.Tick(), now)
        assert deadline(state, now) > now
