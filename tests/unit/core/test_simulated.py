# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that the simulated world has seen broken once, each in its smallest form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core import actions, events
from failoverd.core.actions import Ask
from failoverd.core.events import Power, Verb
from failoverd.core.message import Local
from failoverd.core.state import Life, Proof

from .pair import ALONE, GOOD, Half, Pair, replies, said, shots

FROZEN = replace(ALONE, role="Primary", suspended=True)
OUTDATED = replace(ALONE, disk="Outdated")


def codes(half: Half) -> list[int]:
    """What the handlers on that node were told."""
    answers = half.take(actions.AnswerHandler)
    return [answer.code for answer in answers if isinstance(answer, actions.AnswerHandler)]


def outdated_once(pair: Pair) -> None:
    """The link was lost, b has outdated its disk, a goes on."""
    Pair.see(pair.a, FROZEN)
    pair.a.feed(events.HandlerAsked(1, "shop"))
    pair.talk()
    Pair.see(pair.b, OUTDATED)
    pair.talk()
    assert codes(pair.a) == [4]


def test_f13_every_loss_asks_anew_even_if_nobody_saw_the_link_return() -> None:
    """b was resynced and lost again while a's daemon was stopped: its word is worth nothing."""
    pair = Pair().running()
    outdated_once(pair)
    pair.a.feed(events.HandlerAsked(2, "shop"))
    assert codes(pair.a) == []
    assert len(pair.a.shop.waiting) == 1


def test_f13_a_promise_to_an_earlier_life_is_none_to_this_one() -> None:
    """Its numbers begin anew, so a number that was answered once comes a second time."""
    pair = Pair().running()
    outdated_once(pair)
    number = pair.b.shop.outdated
    assert number
    again = Half("a", "b", 2 << 32 | 33)
    pair.b.feed(events.Heard("lan", replace(said(again), echo=0)))
    pair.b.feed(events.Tick(), 0.2)
    assert said(pair.b).echo == again.state.incarnation
    assert said(pair.b).services[0].outdated == 0


def test_f61_drbd_is_not_told_of_a_goodbye_as_of_a_fence() -> None:
    """The disk of a node that left may pass for current when it returns."""
    pair = Pair().running()
    pair.a.feed(events.Command(2, Verb.HANDOVER))
    pair.a.finish(actions.Stop)
    Pair.see(pair.a, replace(ALONE, role="Secondary"))
    Pair.see(pair.b, ALONE)
    leave = replace(
        said(pair.a),
        sequence=pair.a.state.sequence + 1,
        goodbye=True,
        services=(replace(said(pair.a).services[0], local=Local.STOPPED),),
    )
    pair.b.feed(events.Heard("lan", leave))
    assert pair.b.state.peer.proof is Proof.GOODBYE
    starts = [a for a in pair.b.todo if isinstance(a, actions.Start)]
    assert [start.peer_gone for start in starts] == [False]


def test_a_fenced_peer_is_told_to_drbd() -> None:
    b = Pair().running().b
    Pair.see(b, ALONE)
    b.pass_time(4)
    b.fence_answers(Power.OFF)
    assert b.state.peer.life is Life.GONE
    starts = [a for a in b.todo if isinstance(a, actions.Start)]
    assert [start.peer_gone for start in starts] == [True]


def test_a_daemon_that_restarts_while_io_is_frozen_asks_once() -> None:
    """It does not know yet what runs here; asking anew at each step would be a storm."""
    again = Half("a", "b", 2 << 32 | 33)
    Pair.see(again, FROZEN)
    numbers = {again.shop.promise}
    for _round in range(5):
        again.feed(events.Tick(), 0.01)
        numbers.add(again.shop.promise)
    assert len(numbers) == 1
    assert numbers != {0}


def test_f63_a_mode_can_be_ended_although_the_peer_is_too_old_to_know_it() -> None:
    """It was begun while the peer was away, and the peer came back with the older version."""
    a = Pair().running().a
    a.pass_time(10)
    a.feed(events.Command(1, Verb.MAINTENANCE, "on"))
    old = replace(said(Pair().running().b), sequence=10_000, maintenance=None, standby=None)
    a.feed(events.Heard("lan", old))
    assert a.state.peer.life is Life.ALIVE
    a.take(actions.Reply)
    a.feed(events.Command(2, Verb.MAINTENANCE, "off"))
    replies = [r for r in a.take(actions.Reply) if isinstance(r, actions.Reply)]
    assert [r.ok for r in replies] == [True]
    assert a.state.modes.maintenance % 2 == 0


def test_f13_frozen_io_is_not_resumed_over_the_promise_for_an_earlier_loss() -> None:
    """The daemon was stopped while the link returned and was lost again; the handler asks later."""
    pair = Pair().running()
    outdated_once(pair)
    Pair.see(pair.a, replace(FROZEN, suspended=False))
    pair.talk()
    pair.a.take(actions.ResumeIO)
    Pair.see(pair.a, FROZEN)
    assert pair.a.take(actions.ResumeIO) == []


def test_f26_after_a_pause_no_promise_given_before_it_counts() -> None:
    pair = Pair().running()
    Pair.see(pair.a, FROZEN)
    pair.a.feed(events.HandlerAsked(1, "shop"))
    number = pair.a.shop.promise
    pair.a.feed(events.Paused(6.0))
    assert pair.a.shop.promise not in (0, number)


def test_f37_who_was_held_up_takes_no_old_promise_for_a_new_one() -> None:
    """The link may have returned and gone meanwhile, and a word of the peer comes first."""
    pair = Pair().running()
    Pair.see(pair.a, FROZEN)
    pair.a.feed(events.HandlerAsked(1, "shop"))
    pair.a.feed(events.HandlerGone(1))
    pair.a.feed(events.Tick(), 0.1)
    pair.b.take(actions.Send)
    for send in pair.a.take(actions.Send):
        assert isinstance(send, actions.Send)
        pair.b.feed(events.Heard("lan", send.message))
    Pair.see(pair.b, OUTDATED)
    assert said(pair.b).services[0].outdated == pair.a.shop.promise
    pair.a.feed(events.Heard("lan", said(pair.b)))
    assert pair.a.take(actions.ResumeIO) == []
    for send in pair.b.take(actions.Send)[-1:]:
        assert isinstance(send, actions.Send)
        again = replace(send.message, sequence=send.message.sequence + 1)
        pair.a.feed(events.Heard("lan", again), 2.5)
    assert pair.a.take(actions.ResumeIO) == []
    pair.talk()
    Pair.see(pair.b, OUTDATED)
    pair.talk()
    assert pair.a.take(actions.ResumeIO)


def test_f10_an_answer_that_comes_after_the_fence_does_not_keep_the_peer_switched_off() -> None:
    """The question was asked before the shot, and answered after it."""
    b = Pair().running().b
    Pair.see(b, ALONE)
    b.pass_time(12)
    asked = [a for a in b.take(actions.Fence) if isinstance(a, actions.Fence)]
    assert [a.ask for a in asked] == [Ask.STATUS, Ask.STATUS, Ask.OFF, Ask.OFF]
    for order in reversed(asked):
        b.feed(events.FenceDone(order.op, Power.OFF))
    assert b.state.peer.proof is Proof.FENCED
    b.finish(actions.Start)
    b.pass_time(20)
    b.fence_answers(Power.ON)
    b.pass_time(1)
    assert [a.level for a in shots(b)] == [0], "each device that has acted, one after the other"


def test_f37_the_peer_looks_at_its_disk_again_for_every_request() -> None:
    """Seed 502: its view was old; the link had returned, and the disk was current again."""
    pair = Pair().running()
    outdated_once(pair)
    pair.b.take(actions.Outdate)
    pair.a.feed(events.HandlerAsked(2, "shop"))
    pair.talk()
    assert pair.b.take(actions.Outdate)
    assert codes(pair.a) == []
    Pair.see(pair.b, OUTDATED)
    pair.talk()
    assert codes(pair.a) == [4]


def test_f37_a_promise_is_good_for_one_answer() -> None:
    """Seed 61: frozen I/O of a second loss was resumed over the promise for the first."""
    pair = Pair().running()
    outdated_once(pair)
    assert pair.a.shop.disk.suspended
    pair.talk()
    assert not pair.a.take(actions.ResumeIO)
    Pair.see(pair.b, OUTDATED)
    pair.talk()
    assert pair.a.take(actions.ResumeIO)


def fenced_and_alone() -> Half:
    """Its peer is proven off, and its kernel has nobody to talk to."""
    a = Pair().running().a
    Pair.see(a, replace(ALONE, role="Primary"))
    a.pass_time(6)
    for order in a.take(actions.Fence):
        assert isinstance(order, actions.Fence)
        power = Power.OFF if order.ask is Ask.OFF else Power.UNKNOWN
        a.feed(events.FenceDone(order.op, power))
    assert a.state.peer.proof is Proof.FENCED
    return a


def test_f12_a_kernel_that_connects_is_on_again_whatever_was_proven() -> None:
    """Seed 13: no heartbeat passed, its disk was resynced, and the old fence answered DRBD."""
    a = fenced_and_alone()
    Pair.see(a, events.Disk("Primary", "UpToDate", "Secondary", "UpToDate", "Connected"))
    assert a.state.peer.life is Life.SUSPECT
    Pair.see(a, FROZEN)
    a.feed(events.HandlerAsked(1, "shop"))
    assert codes(a) == []


def test_f12_a_device_that_was_asked_before_the_kernel_connected_proves_nothing() -> None:
    a = Pair().running().a
    Pair.see(a, replace(ALONE, role="Primary"))
    a.pass_time(1)
    question = a.take(actions.Fence)[0]
    assert isinstance(question, actions.Fence)
    Pair.see(a, events.Disk("Primary", "UpToDate", "Secondary", "UpToDate", "Connected"))
    a.feed(events.FenceDone(question.op, Power.OFF))
    assert a.state.peer.life is not Life.GONE


def test_f09_a_void_proof_makes_nobody_heard_who_never_was() -> None:
    """Seed 24630: found off after the start, then this daemon was stopped for a while."""
    a = Half("a", "b", 1 << 32 | 11)
    a.settle(ALONE)
    a.pass_time(a.config.timing.startup_s + 1)
    a.fence_answers(Power.OFF)
    assert a.state.peer.proof is Proof.FOUND_OFF
    Pair.see(a, events.Disk("Secondary", "UpToDate", "Secondary", "UpToDate", "Connected"))
    assert a.state.peer.life is Life.UNSEEN
    Pair.see(a, ALONE)
    a.pass_time(600)
    shots = [x for x in a.todo if isinstance(x, actions.Fence) and x.ask is not Ask.STATUS]
    assert shots == [], "it would be switched off again and again, by whom it never met"


def test_f37_a_loss_of_a_connection_that_nobody_saw_needs_a_new_proof() -> None:
    """Seed 28954: while the daemon was stopped the fenced node came back, was resynced and went."""
    a = fenced_and_alone()
    Pair.see(a, FROZEN)
    a.feed(events.HandlerAsked(1, "shop"))
    assert codes(a) == []
    a.pass_time(6)
    a.fence_answers(Power.OFF)
    assert codes(a) == [7]


def test_f27_a_kernel_that_was_not_watched_may_have_been_on_again() -> None:
    """Only where the disk is in use the loss of a connection would show by itself."""
    a = fenced_and_alone()
    a.feed(events.Paused(6.0))
    assert a.state.peer.proof is Proof.FENCED
    Pair.see(a, ALONE)
    a.feed(events.Paused(6.0))
    assert a.state.peer.life is Life.SUSPECT
    assert a.state.peer.proof is Proof.NONE


@pytest.mark.finding("S13")
def test_a_node_that_becomes_unable_withdraws_its_claim_at_once() -> None:
    """A copy of the service from before was written back, with the claim."""
    pair = Pair()
    pair.talk()
    for half in (pair.a, pair.b):
        half.settle()
    a = pair.a
    a.feed(events.Tick(), 0.2)
    for send in pair.b.take(actions.Send):
        assert isinstance(send, actions.Send)
        a.feed(events.Heard("lan", send.message))
    assert a.shop.claim
    a.feed(events.DiskTried("shop", "has not answered a read for 5 s"))
    assert a.shop.claim == 0
    assert said(a).services[0].claim == 0


@pytest.mark.finding("S11")
def test_f61_a_node_leaves_although_its_peer_dies_with_the_leave_to_start() -> None:
    """Nobody would answer any more, and systemd would kill it after minutes."""
    pair = Pair().running()
    a, b = pair.a, pair.b
    a.feed(events.Command(3, Verb.HANDOVER))
    a.finish(actions.Stop)
    Pair.see(a, GOOD)
    while a.shop.grant is None:
        for source, target in ((a, b), (b, a)):
            source.feed(events.Tick(), 0.1)
            for send in source.take(actions.Send):
                assert isinstance(send, actions.Send)
                target.feed(events.Heard("lan", send.message))
    a.pass_time(a.config.timing.suspect_s)
    assert not a.take(actions.Leave), "it may be starting there"
    a.pass_time(a.config.timing.dead_s)
    assert replies(a) == [True]
    assert a.take(actions.Leave)
    assert said(a).goodbye
