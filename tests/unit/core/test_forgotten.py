# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What failed here, and when that is over: one answer for rules, operators and status."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from failoverd import status
from failoverd.core import actions, events
from failoverd.core.actions import Ask
from failoverd.core.events import Found, Verb
from failoverd.core.message import Local

from .halves import GOOD, Half, Pair, notes, replies, said

EXPIRY_S = 3600.0


def stuck() -> Pair:
    """The owner could not stop the service, and no fence device answers."""
    pair = Pair().running()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.a.finish(actions.Stop, ok=False)
    assert pair.a.shop.local is Local.BROKEN
    pair.talk()
    pair.b.take(actions.Fence)
    return pair


def found_again(half: Half, found: Found) -> None:
    """People have worked on it, say so, and the service is looked at."""
    half.feed(events.Command(9, Verb.CLEAR, "shop"))
    half.settle(replace(GOOD, role="Primary"), found, mine=True)


@pytest.mark.finding("S9")
def test_f47_a_service_that_was_repaired_and_runs_on_is_no_reason_to_fence() -> None:
    pair = stuck()
    assert said(pair.a).services[0].doomed
    found_again(pair.a, Found.RUNNING)
    assert pair.a.shop.local is Local.RUNNING
    assert not said(pair.a).services[0].doomed
    pair.talk(40)
    assert not [f for f in pair.b.take(actions.Fence) if cast(actions.Fence, f).ask is Ask.OFF]


@pytest.mark.finding("S9")
def test_f47_its_watchdog_is_petted_again() -> None:
    a = Half("a", "b", 1 << 32 | 11)
    a.config = replace(a.config, levels=(), watchdog_s=10.0)
    a.state = replace(a.state, config=a.config)
    a.settle(replace(GOOD, role="Primary"), Found.PARTIAL, mine=True)
    a.finish(actions.Stop, ok=False)
    a.take(actions.Pet)
    a.pass_time(10)
    assert not a.take(actions.Pet), "what could not be stopped ends with the node"
    found_again(a, Found.RUNNING)
    a.pass_time(10)
    assert a.take(actions.Pet)


@pytest.mark.finding("S9")
def test_f47_what_is_found_half_up_is_stopped_anew_before_the_node_is_given_up_again() -> None:
    pair = stuck()
    found_again(pair.a, Found.PARTIAL)
    assert pair.a.shop.local is Local.STOPPING
    assert not said(pair.a).services[0].doomed
    pair.a.finish(actions.Stop, ok=False)
    assert said(pair.a).services[0].doomed


@pytest.mark.finding("S9")
def test_f47_until_something_was_found_the_word_of_a_person_ends_nothing() -> None:
    pair = stuck()
    pair.a.feed(events.Command(9, Verb.CLEAR, "shop"))
    assert pair.a.shop.local is Local.UNKNOWN
    assert said(pair.a).services[0].doomed


def failed_there() -> Pair:
    """It failed on b and runs on a since."""
    pair = Pair().running()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.a.finish(actions.Stop)
    pair.talk()
    pair.b.finish(actions.Start, ok=False)
    pair.b.finish(actions.Stop)
    pair.talk()
    pair.a.finish(actions.Start)
    pair.see(pair.a, replace(GOOD, role="Primary"))
    pair.talk()
    assert pair.a.shop.local is Local.RUNNING
    return pair


def forgotten(pair: Pair) -> None:
    """So much time passes that a failure is forgotten; both nodes go on talking."""
    for half in (pair.a, pair.b):
        half.now += 2 * EXPIRY_S
        half.feed(events.Paused(2 * EXPIRY_S))
    pair.talk(20)
    for half in (pair.a, pair.b):
        half.settle(half.shop.disk, Found.RUNNING if half is pair.a else Found.STOPPED, mine=True)
    pair.talk()
    for half in (pair.a, pair.b):
        half.todo.clear()


@pytest.mark.finding("S10")
@pytest.mark.parametrize("asked_on", ["a", "b"])
def test_f48_a_forgotten_failure_is_forgotten_by_a_planned_move_too(asked_on: str) -> None:
    pair = failed_there()
    forgotten(pair)
    asked = pair.a if asked_on == "a" else pair.b
    asked.feed(events.Command(2, Verb.SWITCHOVER, "shop", to="b"))
    assert replies(asked) == []
    pair.talk()
    pair.moved(pair.a, pair.b)
    assert replies(asked) == [True]
    assert notes(asked, "move-failed") == []


def told(half: Half, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What failoverctl status tells of the service on that node."""
    service = cast(Any, SimpleNamespace(drbd=None, resources={}))
    monkeypatch.setattr("time.monotonic", lambda: half.now)
    seen = status.snapshot(half.state, {"shop": service}, [], {}, [], lambda _name: 0.0, {})
    return cast(dict[str, Any], seen["services"][0])


@pytest.mark.finding("S10")
def test_f48_a_forgotten_failure_is_forgotten_by_the_status_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = failed_there()
    assert "broke" in told(pair.b, monkeypatch)["why"]
    forgotten(pair)
    assert told(pair.b, monkeypatch)["why"] == ""
    assert told(pair.b, monkeypatch)["standby"]["able"]
