# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F76: an order that nobody answers has failed after its limit; F77: a start that gets on has not.

The late answer to an order that was given up changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from failoverd.core import actions, events
from failoverd.core.actions import Ask
from failoverd.core.config import Limits
from failoverd.core.events import Found, Power, Verb
from failoverd.core.memory import Memory
from failoverd.core.message import Local
from failoverd.core.rules import replica
from failoverd.core.state import Life, Proof
from failoverd.core.step import begin

from .pair import ALONE, GOOD, Half, Pair, notes, said, shots
from .swap import swap

LIMITS = Limits(probe_s=5.0, start_s=20.0, stop_s=10.0, recover_s=15.0)

pytestmark = pytest.mark.finding("S8")


def pair() -> Pair:
    return Pair(limits=LIMITS)


def starting() -> Half:
    """a has been ordered to start, and nothing is heard of it any more."""
    both = pair()
    both.talk()
    for half in (both.a, both.b):
        half.settle()
    both.talk()
    assert both.a.shop.local is Local.STARTING
    return both.a


def order(half: Half, kind: type) -> Any:
    """The last one given."""
    return half.take(kind)[-1]


def test_f48_a_start_that_is_never_answered_has_failed() -> None:
    a = starting()
    a.pass_time(LIMITS.start_s - 2)
    assert a.shop.local is Local.STARTING
    a.pass_time(2)
    assert a.shop.local is Local.STOPPING
    assert a.shop.failure == "no answer within 20 s"
    assert notes(a, "failed")


def test_f47_a_stop_that_is_never_answered_ends_with_the_fence_of_its_node() -> None:
    both = pair().running()
    both.a.feed(events.Command(1, Verb.HANDOVER))
    both.a.pass_time(LIMITS.stop_s + 1)
    assert both.a.shop.local is Local.BROKEN
    assert said(both.a).services[0].doomed
    both.talk()
    assert shots(both.b)


def test_f50_a_recovery_that_is_never_answered_has_failed() -> None:
    a = pair().running().a
    a.feed(events.ResourceFailed("shop", "postgresql", "died"))
    a.pass_time(LIMITS.recover_s + 1)
    assert a.shop.local is Local.STOPPING
    assert a.shop.failure


@pytest.mark.parametrize("ok", [True, False])
def test_the_late_answer_to_an_order_that_was_given_up_changes_nothing(ok: bool) -> None:
    a = starting()
    start = order(a, actions.Start)
    a.pass_time(LIMITS.start_s + 1)
    stop = order(a, actions.Stop)
    before = a.state.services
    a.feed(events.OpDone("shop", start.op, ok, "late"))
    assert a.state.services == before
    a.pass_time(LIMITS.stop_s + 1)
    broken = a.state.services
    a.feed(events.OpDone("shop", stop.op, ok, "late"))
    assert a.state.services == broken
    assert a.shop.doomed


def test_a_stop_waits_for_the_order_before_it() -> None:
    """The shell finishes one order before it begins the next."""
    a = starting()
    a.may_break = True
    with pytest.MonkeyPatch.context() as patch:
        swap(patch, replica, "change", lambda *given: 1 / 0)
        Pair.see(a, ALONE)
    assert a.shop.local is Local.STOPPING
    a.pass_time(LIMITS.start_s)
    assert a.shop.local is Local.STOPPING
    a.pass_time(LIMITS.stop_s)
    assert a.shop.local is Local.BROKEN


def test_what_hangs_in_a_safe_stop_is_doomed_too() -> None:
    a = pair().running().a
    a.may_break = True
    with pytest.MonkeyPatch.context() as patch:
        swap(patch, replica, "change", lambda *given: 1 / 0)
        Pair.see(a, ALONE)
    a.pass_time(LIMITS.stop_s + 1)
    assert a.shop.local is Local.BROKEN
    assert a.shop.doomed


def stopping_before_it_has_looked() -> Half:
    """It was held here before the daemon restarted, and a rule has broken down."""
    a = Half("a", "b", 1, limits=LIMITS)
    a.state = replace(a.state, services=(replace(a.shop, mine=True),))
    a.may_break = True
    with pytest.MonkeyPatch.context() as patch:
        swap(patch, replica, "change", lambda *given: 1 / 0)
        a.feed(events.DiskChanged("shop", GOOD))
    assert a.state.defect
    return a


def test_f75_a_safe_stop_waits_for_a_look_for_which_the_means_are_lacking() -> None:
    a = stopping_before_it_has_looked()
    look = order(a, actions.Probe)
    for _round in range(5):
        a.pass_time(LIMITS.probe_s - 1)
        a.feed(events.OpProgress("shop", look.op, "cannot be asked"))
    assert notes(a, "partial") == []
    assert a.shop.local is Local.UNKNOWN


def test_f26_a_pause_is_no_answer_in_a_safe_stop_either() -> None:
    a = stopping_before_it_has_looked()
    a.now += 100
    a.feed(events.Paused(100.0))
    assert notes(a, "partial") == []
    a.pass_time(LIMITS.probe_s + 1)
    assert notes(a, "partial")


def test_f26_nobody_could_answer_while_the_daemon_did_not_run() -> None:
    a = starting()
    a.now += 100
    a.feed(events.Paused(100.0))
    a.pass_time(LIMITS.start_s - 2)
    assert a.shop.local is Local.STARTING
    a.pass_time(3)
    assert a.shop.local is Local.STOPPING


# -- looks ----------------------------------------------------------------------------------


def newborn(held: bool) -> Half:
    node = Half("a", "b", 3 << 32, limits=LIMITS)
    if held:
        node.state = replace(node.state, services=(replace(node.shop, mine=True),))
    Pair.see(node, GOOD)
    return node


def test_what_this_node_has_and_cannot_be_looked_at_is_stopped() -> None:
    a = newborn(held=True)
    a.pass_time(LIMITS.probe_s + 1)
    assert a.shop.local is Local.STOPPING
    a.pass_time(LIMITS.stop_s + 1)
    assert a.shop.doomed


def test_f58_what_may_be_anybodys_is_not_stopped_but_told_once_and_the_answer_counts() -> None:
    a = newborn(held=False)
    a.pass_time(LIMITS.probe_s * 3)
    assert a.shop.local is Local.UNKNOWN
    assert len(notes(a, "no-answer")) == 1
    assert said(a).services[0].why == "on a it is unknown: its probe does not answer"
    a.feed(events.Probed("shop", order(a, actions.Probe).op, Found.STOPPED, mine=False))
    assert a.shop.local is Local.STOPPED


def test_a_running_service_that_cannot_be_looked_at_has_failed() -> None:
    a = pair().running().a
    a.now += 10
    a.feed(events.Paused(10.0))
    assert a.shop.op
    a.pass_time(LIMITS.probe_s + 1)
    assert a.shop.local is Local.STOPPING


# -- fencing --------------------------------------------------------------------------------


def limited(half: Half) -> Half:
    config = replace(half.state.config, fence_limits_s=(8.0, 9.0))
    half.config = config
    half.state = replace(half.state, config=config)
    return half


def asked(half: Half, ask: Ask) -> list[int]:
    """Levels that were asked this, removed from what waits."""
    orders = [o for o in half.take(actions.Fence) if isinstance(o, actions.Fence)]
    half.todo.extend(o for o in orders if o.ask is not ask)
    return [o.level for o in orders if o.ask is ask]


def test_f03_a_device_that_never_answers_is_given_up_for_the_next_one() -> None:
    b = limited(pair().running().b)
    Pair.see(b, ALONE)
    b.pass_time(b.config.timing.dead_s + b.config.timing.fence_delay_s + 1)
    assert asked(b, Ask.OFF) == [0]
    assert asked(b, Ask.STATUS) == [0, 1], "a question that is not answered goes on, too"
    b.pass_time(8)
    assert asked(b, Ask.OFF) == [1]
    b.pass_time(9)
    assert notes(b, "fence-failed")
    assert not b.state.exclusion.shots
    b.pass_time(b.config.timing.fence_retry_s + 1)
    assert asked(b, Ask.OFF) == [0, 1], "it is tried again, and the next soon after it (F83)"


def test_f03_the_pause_after_each_failed_round_is_twice_as_long_up_to_a_minute() -> None:
    b = pair().running().b
    Pair.see(b, ALONE)
    retry, failed_at = b.config.timing.fence_retry_s, 0.0
    pauses: list[float] = []
    while len(pauses) < 6:
        b.feed(events.Tick(), 0.1)
        orders = [o for o in b.take(actions.Fence) if isinstance(o, actions.Fence)]
        for order in orders:
            if order.ask is Ask.OFF and order.level == 0 and failed_at:
                pauses.append(b.now - failed_at)
            b.feed(events.FenceDone(order.op, Power.UNKNOWN))
            if order.ask is Ask.OFF and order.level == 1:
                failed_at = b.now
    wanted = [min(60.0, retry * 2**tries) for tries in range(6)]
    assert pauses == pytest.approx(wanted, abs=0.25)


def test_the_late_answer_of_a_device_proves_nothing() -> None:
    b = limited(pair().running().b)
    Pair.see(b, ALONE)
    b.pass_time(b.config.timing.dead_s + b.config.timing.fence_delay_s + 1)
    first = [o for o in b.take(actions.Fence) if isinstance(o, actions.Fence)]
    b.pass_time(9)
    for late in first:
        b.feed(events.FenceDone(late.op, Power.OFF))
    assert b.state.peer.life is Life.SILENT


def test_f10_a_peer_whose_power_on_is_never_answered_may_be_fenced_again() -> None:
    b = limited(pair().running().b)
    Pair.see(b, ALONE)
    b.pass_time(b.config.timing.dead_s + b.config.timing.fence_delay_s + 1)
    for shot in reversed(b.take(actions.Fence)):
        assert isinstance(shot, actions.Fence)
        b.feed(events.FenceDone(shot.op, Power.OFF))
    assert b.state.peer.proof is Proof.FENCED
    b.finish(actions.Start)
    b.pass_time(b.config.timing.power_on_s + 2)
    assert asked(b, Ask.ON) == [0]
    b.pass_time(9)
    assert notes(b, "power-on")
    assert not b.state.exclusion.on_op


# -- progress -------------------------------------------------------------------------------


@pytest.mark.finding("S23")
def test_f77_a_start_that_gets_on_goes_on_beyond_its_limit_and_people_are_told() -> None:
    a = starting()
    start = order(a, actions.Start)
    for percent in range(0, 60, 10):
        a.pass_time(LIMITS.start_s - 5)
        a.feed(events.OpProgress("shop", start.op, f"redo {percent} %"))
        assert a.shop.local is Local.STARTING
        assert a.shop.doing == f"redo {percent} %"
    assert notes(a, "slow-start")
    a.feed(events.OpDone("shop", start.op, True))
    assert a.shop.local is Local.RUNNING
    assert a.shop.doing == ""


@pytest.mark.finding("S23")
def test_f77_of_a_start_that_never_ends_people_are_told_again_and_again_ever_later() -> None:
    a = starting()
    start = order(a, actions.Start)
    told = []
    for second in range(0, 600, 5):
        a.pass_time(5)
        a.feed(events.OpProgress("shop", start.op, f"waits {second}"))
        told += [a.now - a.shop.since for _text in notes(a, "slow-start")]
    assert told[0] == pytest.approx(LIMITS.start_s, abs=6)
    assert len(told) == 5
    assert all(later >= 2 * sooner for sooner, later in pairwise(told))


@pytest.mark.finding("S23")
def test_f77_a_start_that_does_not_get_on_any_more_has_failed() -> None:
    a = starting()
    a.pass_time(LIMITS.start_s - 5)
    a.feed(events.OpProgress("shop", order(a, actions.Start).op, "redo 1 %"))
    a.pass_time(LIMITS.start_s + 1)
    assert a.shop.local is Local.STOPPING


@pytest.mark.finding("S17")
def test_f75_a_look_for_which_the_means_are_lacking_is_no_look_that_failed() -> None:
    a = Half("a", "b", 1)
    look = order(a, actions.Probe)
    for _round in range(5):
        a.pass_time(LIMITS.probe_s - 5)
        a.feed(events.OpProgress("shop", look.op, "cannot be asked"))
        assert a.shop.local is Local.UNKNOWN
    assert notes(a, "no-answer") == notes(a, "slow-start") == []
    a.feed(events.Probed("shop", look.op, events.Found.RUNNING, mine=True))
    assert a.shop.local is Local.RUNNING


def test_a_stop_is_given_no_more_time_and_another_orders_word_is_none() -> None:
    a = starting()
    start = order(a, actions.Start)
    a.pass_time(LIMITS.start_s + 1)
    a.feed(events.OpProgress("shop", start.op, "late"))
    assert a.shop.doing == ""
    a.feed(events.OpProgress("shop", order(a, actions.Stop).op, "syncing"))
    assert a.shop.doing == "syncing"
    a.pass_time(LIMITS.stop_s + 1)
    assert a.shop.local is Local.BROKEN


# -- leaving --------------------------------------------------------------------------------


def leaves(a: Half) -> None:
    a.feed(events.Command(7, Verb.HANDOVER))


def test_f61_who_leaves_does_not_wait_for_a_start_that_gets_on() -> None:
    a = starting()
    a.feed(events.OpProgress("shop", order(a, actions.Start).op, "redo 1 %"))
    leaves(a)
    assert a.take(actions.Stop)
    assert a.shop.local is Local.STOPPING


def test_f61_the_peer_takes_what_was_starting_before_its_node_leaves() -> None:
    both = pair()
    both.talk()
    for half in (both.a, both.b):
        half.settle()
    both.talk()
    both.a.take(actions.Start)
    leaves(both.a)
    both.moved(both.a, both.b)
    assert both.b.shop.local is Local.RUNNING
    assert said(both.a).goodbye


def test_f61_who_leaves_does_not_wait_for_a_restart_in_place() -> None:
    a = pair().running().a
    a.feed(events.ResourceFailed("shop", "postgresql", "died"))
    assert a.shop.local is Local.RECOVERING
    leaves(a)
    assert a.take(actions.Stop)


def test_f61_who_leaves_does_not_wait_for_a_start_that_its_earlier_life_has_begun() -> None:
    config = pair().a.config
    a = Half("a", "b", 1, services=config.services)
    a.state, todo = begin(config, 2, a.now, Memory(held=frozenset({"shop"})))
    a.todo = list(todo)
    look = order(a, actions.Probe)
    leaves(a)
    assert not a.take(actions.Stop), "a look that says nothing soon ends"
    a.feed(events.OpProgress("shop", look.op, "postgresql: redo 1 %"))
    stop = order(a, actions.Stop)
    a.feed(events.Probed("shop", look.op, events.Found.RUNNING, mine=True))
    assert a.shop.local is Local.STOPPING, "an order that was given up has no answer"
    a.feed(events.OpDone("shop", stop.op, True))
    assert a.take(actions.Leave)


def test_f61_whoever_waits_for_a_move_here_is_told_that_the_node_leaves() -> None:
    both = pair().running()
    both.b.feed(events.Command(5, Verb.SWITCHOVER, "shop"))
    both.talk(2)
    both.a.finish(actions.Stop)
    both.talk(2)
    assert both.b.shop.local is Local.STARTING
    leaves(both.b)
    [answer] = [r for r in both.b.take(actions.Reply) if isinstance(r, actions.Reply)]
    assert (answer.request, answer.ok) == (5, False)
    assert "leaves" in answer.text
