# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule that breaks down harms nobody: the event is lost, or this life ends in good order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from failoverd.core import actions, events, placement
from failoverd.core.events import Found, Power, Verb
from failoverd.core.message import Local
from failoverd.core.rules import fence, heartbeat, peer, replica
from failoverd.core.rules import owner as ownership
from failoverd.core.state import Proof, Service
from failoverd.core.workbench import Step

from .pair import ALONE, Half, Pair, notes, replies, said, shots
from .swap import swap

Break = Callable[[Any, str], None]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Makes a rule raise."""

    def apply(module: Any, name: str) -> None:
        def rule(*_: Any, **__: Any) -> None:
            raise RuntimeError("defect")

        swap(monkeypatch, module, name, rule)

    return apply


def owner() -> Half:
    a = Pair().running().a
    a.may_break = True
    return a


def test_one_wish_that_breaks_a_rule_is_refused_and_all_goes_on(broken: Break) -> None:
    a = owner()
    broken(placement, "unable")
    before = a.state
    a.feed(events.Command(1, Verb.SWITCHOVER, "shop", to="b"))
    assert replies(a) == [False]
    assert notes(a, "core-error")
    assert a.state.services == before.services
    assert not a.state.defect


def test_a_handler_that_breaks_a_rule_is_not_told_success(broken: Break) -> None:
    a = owner()
    broken(replica, "ask")
    a.feed(events.HandlerAsked(7, "shop"))
    assert a.take(actions.AnswerHandler) == [actions.AnswerHandler(7, 1)]


def test_a_rule_that_breaks_again_and_again_ends_in_a_safe_stop(broken: Break) -> None:
    a = owner()
    a.pass_time(1.1)
    broken(fence, "exclude")
    for _round in range(2):
        a.feed(events.Tick(), 0.2)
    assert not a.take(actions.Stop)
    a.feed(events.Tick(), 0.2)
    assert a.shop.local is Local.STOPPING
    a.finish(actions.Stop)
    assert a.shop.local is Local.STOPPED
    assert said(a).goodbye
    assert a.take(actions.Leave) == [actions.Leave()]
    a.pass_time(5)
    assert not a.take(actions.Leave), "said once"


def test_defects_long_past_are_forgotten(broken: Break) -> None:
    a = owner()
    for request in range(10):
        a.feed(events.Command(request, Verb.MAINTENANCE, "maybe"))
        with pytest.MonkeyPatch.context() as patch:
            swap(patch, peer, "watch", lambda *given: 1 / 0)
            a.feed(events.Tick())
        a.now += 40
        a.feed(events.Paused(40.0))
        a.settle(a.shop.disk, Found.RUNNING, mine=True)
    assert not a.state.defect


def test_an_outcome_that_is_lost_ends_in_a_safe_stop_at_once(broken: Break) -> None:
    pair = Pair()
    pair.talk()
    for half in (pair.a, pair.b):
        half.settle()
    pair.talk()
    a = pair.a
    a.may_break = True
    assert a.shop.local is Local.STARTING
    with pytest.MonkeyPatch.context() as patch:
        swap(patch, ownership, "decide", lambda *given: 1 / 0)
        a.finish(actions.Start)
    assert a.shop.local is Local.STOPPING
    a.finish(actions.Stop)
    assert said(a).goodbye


def test_after_the_safe_stop_the_peer_takes_over(broken: Break) -> None:
    pair = Pair().running()
    pair.a.may_break = True
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "nothing"))
    with pytest.MonkeyPatch.context() as patch:
        swap(patch, replica, "change", lambda *given: 1 / 0)
        Pair.see(pair.a, ALONE)
    pair.a.finish(actions.Stop)
    Pair.see(pair.b, ALONE)
    pair.talk()
    assert pair.b.state.peer.proof is Proof.GOODBYE
    assert pair.b.take(actions.Start)


def test_f47_what_the_safe_stop_cannot_stop_is_doomed(broken: Break) -> None:
    pair = Pair().running()
    pair.a.may_break = True
    broken(replica, "change")
    Pair.see(pair.a, ALONE)
    pair.a.finish(actions.Stop, ok=False)
    assert pair.a.shop.local is Local.BROKEN
    assert not said(pair.a).goodbye
    pair.talk()
    assert shots(pair.b)


def test_on_the_way_down_everybody_gets_an_answer(broken: Break) -> None:
    a = owner()
    a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    a.feed(events.HandlerAsked(5, "shop"))
    broken(replica, "change")
    Pair.see(a, replace(ALONE, role="Primary"))
    a.feed(events.Command(2, Verb.HANDOVER))
    a.feed(events.HandlerAsked(6, "shop"))
    assert replies(a) == [False, False]
    assert all(
        answer == actions.AnswerHandler(answer.request, 1)
        for answer in a.take(actions.AnswerHandler)
        if isinstance(answer, actions.AnswerHandler)
    )


def test_a_service_that_was_not_looked_at_yet_is_stopped_when_it_is_found(broken: Break) -> None:
    node = Half("a", "b", 3 << 32)
    node.may_break = True
    with pytest.MonkeyPatch.context() as patch:
        swap(patch, replica, "change", lambda *given: 1 / 0)
        Pair.see(node, ALONE)
    assert node.shop.local is Local.UNKNOWN
    [probe] = node.take(actions.Probe)
    assert isinstance(probe, actions.Probe)
    node.feed(events.Probed("shop", probe.op, Found.RUNNING, mine=True))
    assert node.shop.local is Local.STOPPING
    node.finish(actions.Stop)
    assert said(node).goodbye


def test_a_safe_stop_that_breaks_down_itself_falls_silent(broken: Break) -> None:
    a = owner()
    broken(replica, "change")
    Pair.see(a, ALONE)
    broken(heartbeat, "speak")
    a.todo.clear()
    a.pass_time(2)
    assert not a.take(actions.Send)
    assert notes(a, "core-error")


def test_s1_a_service_without_a_right_is_stopped() -> None:
    a = owner()
    a.state = replace(a.state, services=(replace(a.shop, rightful=False),))
    a.feed(events.Tick(), 0.2)
    assert a.shop.local is Local.STOPPING
    assert notes(a, "breach")


def test_s1_of_two_that_run_the_older_generation_stops() -> None:
    pair = Pair().running()
    pair.a.may_break = True
    report = replace(said(pair.b).services[0], local=Local.RUNNING, generation=9)
    rival = replace(said(pair.b), sequence=99, services=(report,))
    pair.a.feed(events.Heard("lan", rival))
    assert pair.a.shop.local is Local.STOPPING


def standby() -> Half:
    b = Pair().running().b
    Pair.see(b, ALONE)
    b.may_break = True
    return b


@pytest.mark.parametrize("alone", [True, False])
def test_s1_a_start_without_proof_or_leave_is_never_ordered(
    alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    b = standby()

    def start(step: Any, service: Any) -> None:
        ownership.start(step, service, 1, alone=alone)

    swap(monkeypatch, ownership, "decide", start)
    b.feed(events.Tick(), 0.2)
    assert not b.take(actions.Start)
    assert "(S1)" in b.state.defect


def test_s2_a_start_on_old_data_is_never_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    b = standby()
    monkeypatch.setattr(placement, "lacking", lambda service: "")
    Pair.see(b, replace(ALONE, disk="Outdated"))
    b.pass_time(4)
    b.fence_answers(Power.OFF)
    assert not b.take(actions.Start)
    assert "Outdated (S2)" in b.state.defect


def test_s2_a_handler_is_never_told_what_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    for code in (4, 7):
        a = owner()
        Pair.see(a, replace(ALONE, role="Primary", suspended=True))
        a.feed(events.HandlerAsked(5, "shop"))
        with monkeypatch.context() as patch:
            swap(patch, replica, "_verdict", lambda *given, code=code: code)
            a.feed(events.Tick(), 0.2)
        assert a.take(actions.AnswerHandler) == [actions.AnswerHandler(5, 1)], code
        assert a.shop.local is Local.STOPPING


def test_s2_io_is_never_resumed_without_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    a = owner()
    Pair.see(a, replace(ALONE, role="Primary", suspended=True))
    monkeypatch.setattr(replica, "peer_was_off", lambda step: True)
    a.pass_time(3)
    assert not a.take(actions.ResumeIO)
    assert "F41" in a.state.defect


def test_f12_no_rule_can_drop_a_peer_that_is_not_proven_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def drops(step: Step, service: Service) -> None:
        step.do(actions.DropPeer(service.name))

    b = standby()
    swap(monkeypatch, replica, "settle", drops)
    b.pass_time(1)
    assert not b.take(actions.DropPeer)
    assert "F12" in b.state.defect


def test_f66_no_rule_can_shoot_in_maintenance(monkeypatch: pytest.MonkeyPatch) -> None:
    b = standby()
    b.feed(events.Command(1, Verb.MAINTENANCE, "on"))
    swap(monkeypatch, fence, "exclude", fence._order_next)
    b.pass_time(20)
    assert not shots(b)
    assert "F66" in b.state.defect
