# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Standby and maintenance: what an operator switches off stays off, and is known on both nodes."""

from __future__ import annotations

from dataclasses import replace

from failoverd.core import actions, events
from failoverd.core.events import Found, Power, Verb
from failoverd.core.memory import Memory
from failoverd.core.message import Local
from failoverd.core.modes import Modes, is_on
from failoverd.core.state import Life, Proof
from failoverd.core.step import begin

from .pair import ALONE, GOOD, Half, Pair, notes, replies, said, shots


def maintained(pair: Pair) -> Pair:
    """Maintenance mode is on for both."""
    pair.a.feed(events.Command(70, Verb.MAINTENANCE, "on", "ann"))
    assert replies(pair.a) == [True]
    pair.talk()
    assert all(is_on(half.state.modes.maintenance) for half in (pair.a, pair.b))
    return pair


def idle(half: Half) -> bool:
    """It has ordered nothing that touches a service or a node."""
    kinds = (actions.Start, actions.Stop, actions.Recover, actions.Own)
    return not shots(half) and not any(isinstance(a, kinds) for a in half.todo)


def test_standby_moves_what_runs_here_and_keeps_it_away() -> None:
    pair = Pair().running()
    pair.a.feed(events.Command(1, Verb.STANDBY, "", "ann"))
    assert replies(pair.a) == [True]
    pair.moved(pair.a, pair.b)
    pair.talk(20)
    assert pair.b.shop.local is Local.RUNNING
    pair.b.feed(events.Command(2, Verb.SWITCHOVER, "shop", to="a"))
    assert replies(pair.b) == [False], "a node in standby takes nothing"
    pair.a.feed(events.Command(3, Verb.ONLINE))
    pair.talk()
    assert pair.b.shop.local is Local.RUNNING, "F10: it does not come back by itself"
    pair.b.feed(events.Command(4, Verb.SWITCHOVER, "shop", to="a"))
    pair.moved(pair.b, pair.a)


def test_standby_of_the_other_node_is_asked_here_and_done_there() -> None:
    pair = Pair().running()
    pair.b.feed(events.Command(1, Verb.STANDBY, "a", "ann"))
    assert replies(pair.b) == [True]
    pair.talk(2)
    assert is_on(pair.a.state.modes.standby)
    assert pair.a.take(actions.KeepModes)
    pair.moved(pair.a, pair.b)


def test_standby_causes_no_outage_while_the_peer_cannot_take_over() -> None:
    pair = Pair().running()
    Pair.see(pair.b, replace(GOOD, disk="Inconsistent", peer_role="Primary"))
    pair.talk()
    pair.a.feed(events.Command(1, Verb.STANDBY))
    pair.talk()
    assert not pair.a.take(actions.Stop)
    Pair.see(pair.b, replace(GOOD, peer_role="Primary"))
    pair.talk()
    pair.moved(pair.a, pair.b)


def test_a_node_in_standby_does_not_take_over_and_says_why() -> None:
    pair = Pair().running()
    pair.b.feed(events.Command(1, Verb.STANDBY))
    pair.talk()
    b = pair.b
    Pair.see(b, ALONE)
    b.pass_time(4)
    b.fence_answers(Power.OFF)
    assert not b.take(actions.Start)
    assert "standby mode" in b.shop.why
    b.feed(events.Command(2, Verb.ONLINE))
    b.pass_time(4)
    b.fence_answers(Power.OFF)
    assert b.take(actions.Start)


def test_modes_outlive_the_daemon_and_reach_a_node_that_was_down() -> None:
    pair = Pair().running()
    pair.a.feed(events.Command(1, Verb.STANDBY, "b"))
    [kept] = pair.a.take(actions.KeepModes)
    assert isinstance(kept, actions.KeepModes)
    assert kept.modes == Modes(peer_standby=1)
    state, _actions = begin(pair.a.config, 9 << 32, 1.0, Memory(kept.modes))
    assert state.modes == kept.modes
    pair.b = Half("b", "a", 5 << 32)
    pair.b.settle()
    pair.talk()
    assert is_on(pair.b.state.modes.standby), "told although its own store knew nothing"


def test_an_unknown_node_or_word_is_refused() -> None:
    a = Pair().running().a
    a.feed(events.Command(1, Verb.STANDBY, "c"))
    a.feed(events.Command(2, Verb.MAINTENANCE, "maybe"))
    assert replies(a) == [False, False]


def test_f66_nothing_is_recovered_moved_or_stopped_in_maintenance() -> None:
    pair = maintained(Pair().running())
    pair.a.feed(events.ResourceFailed("shop", "postgresql", "died"))
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.a.feed(events.Command(2, Verb.HANDOVER))
    assert replies(pair.a) == [False, False]
    pair.a.feed(events.Command(3, Verb.STANDBY))
    pair.talk(20)
    assert idle(pair.a)
    assert idle(pair.b)
    assert notes(pair.a, "resource-failed"), "monitoring goes on"


def test_f66_nothing_is_fenced_or_taken_over_in_maintenance() -> None:
    b = maintained(Pair().running()).b
    Pair.see(b, ALONE)
    for _round in range(60):
        b.pass_time(1)
        b.fence_answers(Power.ON)
    assert b.state.peer.life is Life.SILENT
    assert idle(b)
    b.pass_time(4)
    b.fence_answers(Power.OFF)
    assert b.state.peer.proof is Proof.FOUND_OFF
    assert idle(b), "even a proof starts nothing"
    assert b.shop.why == "maintenance mode is on"
    b.feed(events.Command(9, Verb.MAINTENANCE, "off"))
    b.settle(ALONE)
    assert len(b.take(actions.Start)) == 1


def test_f66_a_shot_that_failed_is_not_followed_by_the_next_level() -> None:
    b = Pair().running().b
    Pair.see(b, ALONE)
    b.pass_time(12)
    assert shots(b)
    b.todo.clear()
    b.feed(events.Command(9, Verb.MAINTENANCE, "on"))
    b.feed(events.FenceDone(b.state.exclusion.shots[0].op, Power.UNKNOWN))
    b.pass_time(60)
    assert idle(b)


def test_f66_a_handler_is_answered_over_a_proof_only() -> None:
    a = maintained(Pair().running()).a
    Pair.see(a, replace(ALONE, role="Primary", suspended=True))
    a.feed(events.HandlerAsked(5, "shop"))
    a.pass_time(5)
    a.fence_answers(Power.ON)
    a.pass_time(50)
    assert not a.take(actions.AnswerHandler)
    a.fence_answers(Power.OFF)
    assert a.take(actions.AnswerHandler) == [actions.AnswerHandler(5, 7)]


def test_f66_a_handler_without_proof_ends_without_success() -> None:
    a = maintained(Pair().running()).a
    Pair.see(a, replace(ALONE, role="Primary", suspended=True))
    a.feed(events.HandlerAsked(5, "shop"))
    for _round in range(70):
        a.pass_time(1)
        a.fence_answers(Power.ON)
    assert a.take(actions.AnswerHandler) == [actions.AnswerHandler(5, 1)]
    assert idle(a)


def test_f66_at_the_end_everything_is_probed() -> None:
    pair = maintained(Pair().running())
    pair.b.feed(events.Command(1, Verb.MAINTENANCE, "off"))
    pair.talk()
    assert pair.a.shop.local is Local.RUNNING
    assert pair.b.shop.local is Local.UNKNOWN
    for half, found in ((pair.a, Found.STOPPED), (pair.b, Found.RUNNING)):
        [probe] = half.take(actions.Probe)
        assert isinstance(probe, actions.Probe)
        half.feed(events.Probed("shop", probe.op, found, mine=half is pair.a))
    assert pair.a.take(actions.Stop), "it was taken down by hand: cleaned up, then placed anew"
    assert pair.b.shop.local is Local.BROKEN, "F58: it was started by hand"


def test_f66_what_is_half_up_after_a_restart_is_left_alone_until_the_end() -> None:
    state, todo = begin(
        Half("a", "b", 3 << 32).config, 4 << 32, 100.0, Memory(Modes(maintenance=1))
    )
    node = Half("a", "b", 3 << 32)
    node.state, node.todo = state, list(todo)
    node.settle(GOOD, Found.PARTIAL, mine=True)
    assert node.shop.local is Local.UNKNOWN
    assert idle(node)
    node.feed(events.Command(1, Verb.MAINTENANCE, "off"))
    node.settle(GOOD, Found.PARTIAL, mine=True)
    assert node.take(actions.Stop)


def test_f66_what_is_found_down_by_hand_is_told_and_left() -> None:
    a = maintained(Pair().running()).a
    a.feed(events.Paused(9.0))
    a.settle(replace(GOOD, role="Primary"), Found.STOPPED, mine=True)
    assert a.shop.local is Local.RUNNING
    assert notes(a, "watched")
    assert idle(a)


def test_f66_is_refused_while_something_is_under_way() -> None:
    pair = Pair().running()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.talk(1)
    for half in (pair.a, pair.b):
        half.feed(events.Command(2, Verb.MAINTENANCE, "on"))
        assert replies(half) == [False]


def test_f66_a_handover_ends_when_maintenance_is_heard_of() -> None:
    pair = Pair().running()
    pair.b.feed(events.Command(1, Verb.MAINTENANCE, "on"))
    pair.a.feed(events.Command(2, Verb.HANDOVER))
    pair.talk(1)
    assert replies(pair.a) == [False]
    pair.a.finish(actions.Stop)
    pair.talk(3)
    assert pair.a.state.handover == 0
    assert not said(pair.a).goodbye


def test_f63_modes_are_refused_while_the_peer_is_too_old_to_know_them() -> None:
    pair = Pair().running()
    old = replace(
        said(pair.b),
        sequence=said(pair.b).sequence + 1,
        maintenance=None,
        standby=None,
        peer_standby=None,
    )
    pair.a.feed(events.Heard("lan", old))
    pair.a.feed(events.Command(1, Verb.MAINTENANCE, "on"))
    pair.a.feed(events.Command(2, Verb.STANDBY, "b"))
    assert replies(pair.a) == [False, False]
    pair.a.feed(events.Command(3, Verb.STANDBY, "a"))
    assert replies(pair.a) == [True]


def test_f66_who_was_not_told_is_named() -> None:
    b = Pair().running().b
    Pair.see(b, ALONE)
    b.pass_time(1)
    b.feed(events.Command(1, Verb.MAINTENANCE, "on"))
    [reply] = b.take(actions.Reply)
    assert isinstance(reply, actions.Reply)
    assert "a is suspect and has not been told" in reply.text
