# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What failed here, and when that is over: one answer for rules, operators and status."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from failoverd.control import status
from failoverd.core import actions, events
from failoverd.core.actions import Ask
from failoverd.core.events import Found, Verb
from failoverd.core.message import Local

from .pair import GOOD, Half, Pair, notes, replies, said

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
    for half in (pair.a, pair.b):
        half.todo.clear()
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


# -- clear: for the cluster, on whichever node it is typed (S33) ----------------------------------


@pytest.mark.finding("S33")
@pytest.mark.parametrize("typed_on", ["a", "b"])
def test_f48_clear_forgets_for_the_cluster_on_whichever_node_it_is_typed(typed_on: str) -> None:
    pair = failed_there()
    assert not said(pair.b).services[0].able
    typed = pair.a if typed_on == "a" else pair.b
    typed.feed(events.Command(5, Verb.CLEAR, "shop", "alice"))
    assert replies(typed) == [True]
    pair.talk()
    assert said(pair.b).services[0].able
    assert pair.a.shop.restarts == pair.b.shop.restarts == ()
    assert pair.a.shop.clear == pair.b.shop.clear == 0, "it was carried out and is not said again"


@pytest.mark.finding("S33")
def test_f48_a_request_to_forget_outlives_lost_frames_and_an_absence() -> None:
    pair = failed_there()
    pair.a.feed(events.Command(5, Verb.CLEAR, "shop"))
    pair.a.todo = [a for a in pair.a.todo if not isinstance(a, actions.Send)]
    pair.a.pass_time(2)
    pair.a.todo.clear()
    pair.b.pass_time(2)
    assert pair.b.shop.failed_at is not None
    pair.talk()
    assert pair.b.shop.failed_at is None


@pytest.mark.finding("S33")
def test_f48_what_fails_after_the_request_is_remembered() -> None:
    pair = failed_there()
    pair.a.feed(events.Command(5, Verb.CLEAR, "shop"))
    word = said(pair.a)
    pair.talk(1)
    pair.b.state = replace(
        pair.b.state,
        services=(replace(pair.b.shop, failed_at=pair.b.now, failure="again"),),
    )
    for number in range(5):
        again = replace(word, sequence=said(pair.a).sequence + 1 + number)
        pair.b.feed(events.Heard("lan", again), 0.2)
    assert pair.b.shop.failure == "again"


@pytest.mark.finding("S33")
def test_f48_a_new_life_of_the_peer_does_not_repeat_what_the_old_one_asked() -> None:
    pair = failed_there()
    pair.a.feed(events.Command(5, Verb.CLEAR, "shop"))
    word = said(pair.a)
    pair.b.feed(events.Heard("lan", word), 0.2)
    assert pair.b.shop.failed_at is None
    failed = replace(pair.b.shop, failed_at=pair.b.now, failure="again")
    pair.b.state = replace(pair.b.state, services=(failed,))
    pair.b.feed(events.Heard("lan", replace(word, incarnation=word.incarnation + 1, echo=0)), 0.2)
    assert pair.b.shop.failure == "again"


@pytest.mark.finding("S33")
def test_f63_a_peer_that_does_not_know_the_request_changes_nothing() -> None:
    pair = failed_there()
    pair.a.feed(events.Command(5, Verb.CLEAR, "shop"))
    for _round in range(20):
        for half in (pair.a, pair.b):
            half.feed(events.Tick(), 0.2)
        for source, target in ((pair.a, pair.b), (pair.b, pair.a)):
            for send in source.take(actions.Send):
                message = cast(actions.Send, send).message
                older = tuple(replace(r, clear=0, cleared=0) for r in message.services)
                target.feed(events.Heard("lan", replace(message, services=older)))
    assert pair.b.shop.failed_at is not None
    assert pair.a.shop.local is Local.RUNNING
    pair.talk()
    assert pair.b.shop.failed_at is None, "it is told as soon as it knows"


@pytest.mark.finding("S33")
def test_f58_a_broken_service_is_looked_at_anew_wherever_it_is_said() -> None:
    pair = stuck()
    pair.b.feed(events.Command(5, Verb.CLEAR, "shop"))
    pair.talk()
    assert pair.a.shop.local is Local.UNKNOWN
    assert [a for a in pair.a.todo if isinstance(a, actions.Probe)]


@pytest.mark.finding("S33")
def test_f39_which_copy_is_good_is_said_on_one_node_only() -> None:
    pair = Pair().running()
    for half in (pair.a, pair.b):
        services = (replace(half.shop, split=True),)
        half.state = replace(half.state, services=services)
    pair.b.feed(events.Command(5, Verb.CLEAR, "shop"))
    pair.talk()
    assert not pair.b.shop.split
    assert pair.a.shop.split
