# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog lease: an owner without contact ends, and only then its service starts elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core import actions, events, lease
from failoverd.core.clock import Clock
from failoverd.core.config import Kind, Lease
from failoverd.core.events import Power
from failoverd.core.message import Local, Reach
from failoverd.core.state import Life
from failoverd.core.step import deadline
from failoverd.core.workbench import View

from .pair import ALONE, GOOD, Half, Pair, notes, said

LEASE = Lease()
LONELY = replace(ALONE, role="Primary")
FROZEN = replace(LONELY, suspended=True)


def leased(
    levels: tuple[str, ...] = ("lease",),
    kinds: tuple[Kind, ...] = (Kind.LEASE,),
    pacts: tuple[int, int] = (5, 5),
) -> Pair:
    """a runs shop under a lease; both have talked, both reach the ping target."""
    pair = Pair()
    for half, pact in zip((pair.a, pair.b), pacts, strict=True):
        config = replace(half.config, levels=levels, kinds=kinds, lease=LEASE, pact=pact)
        half.config = config
        half.state = replace(half.state, config=config)
    return pair.running()


def silence(half: Half, seconds: float, *, pings: bool = True, answers: str = "") -> None:
    """The peer is not heard; probes are answered like this."""
    for number in range(round(seconds / 0.1)):
        half.feed(events.Tick(), 0.1)
        if pings and number % 10 == 0:
            half.feed(events.Reached(Reach.REACHED, half.now - 0.01))
        for probe in half.take(actions.ProbeAddresses):
            assert isinstance(probe, actions.ProbeAddresses)
            half.feed(events.AddressesProbed(probe.op, answers))


def starts(half: Half) -> int:
    return len([a for a in half.todo if isinstance(a, actions.Start)])


def pets(half: Half) -> int:
    return len(half.take(actions.Pet))


def test_the_standby_takes_over_when_the_lease_has_run_out_and_not_before() -> None:
    pair = leased()
    Pair.see(pair.b, ALONE)
    silence(pair.b, LEASE.takeover_s - 0.5)
    assert not starts(pair.b)
    silence(pair.b, 4.0)
    assert starts(pair.b) == 1
    assert "watchdog lease ran out" in notes(pair.b, "takeover")[0]


@pytest.mark.finding("S5")
def test_f80_a_lease_that_the_peer_reckons_otherwise_proves_nothing() -> None:
    """The configuration was changed on one node so far: durations of the lease, or an address."""
    pair = leased(pacts=(5, 7))
    Pair.see(pair.b, ALONE)
    silence(pair.b, LEASE.takeover_s + 10.0)
    assert not starts(pair.b)
    assert "configured otherwise there" in pair.b.shop.why
    # Nor is it known until when the peer could not go on without this copy.
    pair.b.feed(events.Command(1, events.Verb.CONFIRM_FENCED, "a", "eve"))
    pair.b.feed(events.Tick(), 0.1)
    assert not starts(pair.b)
    assert "may have gone on without the disk here" in pair.b.shop.why
    assert not pair.b.take(actions.Outdate), "nor that it did"


@pytest.mark.parametrize(
    ("what", "pings", "answers"),
    [("no ping target", False, ""), ("an address that answers", True, "a at 02:00:00:00:00:01")],
)
def test_silence_is_no_proof_while_the_lan_may_say_otherwise(
    what: str, pings: bool, answers: str
) -> None:
    pair = leased()
    Pair.see(pair.b, ALONE)
    silence(pair.b, 80.0, pings=pings, answers=answers)
    assert not starts(pair.b), what


def test_a_peer_whose_kernel_answers_is_not_silent() -> None:
    pair = leased()
    silence(pair.b, 80.0)
    assert not starts(pair.b)


def test_a_pause_restarts_the_wait() -> None:
    pair = leased()
    Pair.see(pair.b, ALONE)
    silence(pair.b, 7.0)
    pair.b.feed(events.Paused(2.0), 2.0)
    silence(pair.b, LEASE.takeover_s - 3.0)
    assert not starts(pair.b)
    silence(pair.b, 8.0)
    assert starts(pair.b) == 1


def test_the_right_to_take_over_ends_and_the_disk_is_outdated() -> None:
    pair = leased()
    Pair.see(pair.b, ALONE)
    silence(pair.b, LEASE.takeover_s + LEASE.window_s + 1.0, answers="a at 02:00:00:00:00:01")
    assert pair.b.take(actions.Outdate)
    silence(pair.b, 60.0)
    assert not starts(pair.b)
    assert "may have gone on" in pair.b.shop.why


def test_what_the_peer_did_not_hold_is_not_taken_over() -> None:
    """Of two nodes that are silent to each other only one may: here a held it, so b may."""
    pair = leased()
    Pair.see(pair.a, LONELY)
    silence(pair.a, 6.0, pings=False)
    pair.a.finish(actions.Stop)
    assert pair.a.shop.local is Local.STOPPED
    Pair.see(pair.a, ALONE)
    pair.a.todo.clear()
    silence(pair.a, 80.0)
    assert not starts(pair.a)


def test_an_owner_without_contact_stops_and_is_not_kept_alive_by_pets() -> None:
    pair = leased()
    Pair.see(pair.a, LONELY)
    silence(pair.a, LEASE.lease_s / 2 - 1.0, pings=False)
    assert not pair.a.take(actions.Stop)
    silence(pair.a, 1.5, pings=False)
    assert len(pair.a.take(actions.Stop)) == 1
    assert notes(pair.a, "lease-lost")
    silence(pair.a, LEASE.lease_s / 2, pings=False)
    pets(pair.a)
    silence(pair.a, 20.0, pings=False)
    assert not pets(pair.a)


def test_once_all_is_stopped_the_watchdog_is_petted_again() -> None:
    pair = leased()
    Pair.see(pair.a, LONELY)
    silence(pair.a, 12.0, pings=False)
    pets(pair.a)
    pair.a.finish(actions.Stop)
    silence(pair.a, 5.0, pings=False)
    assert pets(pair.a)


def test_a_ping_target_is_contact_enough() -> None:
    pair = leased()
    Pair.see(pair.a, LONELY)
    silence(pair.a, 90.0)
    assert pair.a.shop.local is Local.RUNNING
    assert pets(pair.a) > 20


@pytest.mark.finding("S29")
def test_f79_where_only_a_removed_service_is_up_a_ping_target_is_no_contact() -> None:
    """The peer does not ask for its address any more; in maintenance mode it is not stopped."""
    pair = leased()
    pair.a.feed(events.Command(1, events.Verb.MAINTENANCE, "on", "eve"))
    [service] = pair.a.config.services
    pair.a.config = replace(pair.a.config, services=(replace(service, retired=True),))
    pair.a.state = replace(pair.a.state, config=pair.a.config)
    Pair.see(pair.a, LONELY)
    silence(pair.a, LEASE.lease_s / 2 + 0.5)
    assert len(pair.a.take(actions.Stop)) == 1


@pytest.mark.finding("S31")
def test_f91_where_only_storage_is_open_a_ping_target_is_no_contact() -> None:
    """Its address is not up, so the peer finds all silent, and takes over when the lease ends."""
    pair = leased()
    pair.a.feed(events.ResourceFailed("shop", "db", "ended"))
    for _round in range(40):
        for half in (pair.a, pair.b):
            half.finish(actions.Recover, ok=False)
            half.finish(actions.Stop)
            half.finish(actions.Start, ok=False)
        pair.talk(1)
    assert pair.a.shop.local is pair.b.shop.local is Local.STOPPED
    pair.a.feed(events.Command(2, events.Verb.OPEN_STORAGE, "shop", "eve"))
    pair.talk(4)
    pair.a.finish(actions.Start)
    pair.talk(4)
    assert pair.a.shop.local is Local.RUNNING
    Pair.see(pair.a, LONELY)
    silence(pair.a, LEASE.lease_s / 2 + 0.5)
    assert len(pair.a.take(actions.Stop)) == 1
    pets(pair.a)
    silence(pair.a, LEASE.lease_s)
    pets(pair.a)
    silence(pair.a, 20.0)
    assert not pets(pair.a), "what cannot be stopped ends with the node"


def test_a_peer_that_is_heard_but_does_not_hear_is_no_contact() -> None:
    """F17: only the way from the peer is left."""
    pair = leased()
    Pair.see(pair.a, LONELY)
    for _round in range(40):
        pair.a.feed(events.Tick(), 0.2)
        pair.b.feed(events.Tick(), 0.2)
        pair.a.feed(events.Heard("lan", said(pair.b)))
    assert notes(pair.a, "lease-lost")


def test_what_could_not_be_stopped_ends_with_the_node() -> None:
    """F47: nobody else can fence it."""
    pair = leased()
    pair.a.feed(events.Command(1, events.Verb.SWITCHOVER, "shop"))
    pair.a.finish(actions.Stop, ok=False)
    pets(pair.a)
    pair.talk(20)
    assert not pets(pair.a)


def test_frozen_io_flows_when_the_peer_has_lost_its_right_and_not_before() -> None:
    pair = leased()
    Pair.see(pair.a, FROZEN)
    pair.a.feed(events.HandlerAsked(1, "shop"))
    silence(pair.a, LEASE.closed_s - 1.0)
    assert not pair.a.take(actions.AnswerHandler)
    silence(pair.a, 2.0)
    assert pair.a.take(actions.AnswerHandler) == [actions.AnswerHandler(1, 4)]


def test_afterwards_the_owner_needs_no_contact_any_more() -> None:
    pair = leased()
    Pair.see(pair.a, LONELY)
    silence(pair.a, LEASE.closed_s + 1.0)
    pair.a.feed(events.Reached(Reach.LOST))
    silence(pair.a, 60.0, pings=False)
    pair.a.feed(events.Paused(2.0), 2.0)
    silence(pair.a, 20.0, pings=False)
    assert pair.a.shop.local is Local.RUNNING


def test_the_lease_counts_although_every_device_failed() -> None:
    """F04."""
    pair = leased(("bmc", "lease"), (Kind.STONITH, Kind.LEASE))
    Pair.see(pair.b, ALONE)
    for _round in range(28):
        silence(pair.b, 1.0)
        assert all(order.level == 0 for order in pair.b.fence_answers(Power.UNKNOWN))
    assert starts(pair.b) == 1


def with_locks(half: Half, pact: int = 5) -> None:
    """Its locks are what excludes its peer."""
    half.config = replace(half.config, levels=("sfex",), kinds=(Kind.SFEX,), pact=pact)
    half.state = replace(half.state, config=half.config)


@pytest.mark.finding("S5")
def test_f80_no_lock_is_taken_from_a_peer_that_reckons_its_durations_otherwise() -> None:
    """Its owner may live on without it for longer than is waited for here (F65)."""
    pair = Pair(replicated=False, locked=True)
    for half, pact in ((pair.a, 5), (pair.b, 7)):
        with_locks(half, pact)
    pair.running()
    pair.b.feed(events.DiskChanged("shop", replace(GOOD, connection="Unconfigured")))
    silence(pair.b, 60.0)
    assert not pair.b.take(actions.Fence)
    assert "configured otherwise there" in pair.b.shop.why


def taking_locks() -> tuple[Pair, actions.Fence]:
    """b is about to take every lock of its silent peer."""
    pair = Pair(replicated=False, locked=True)
    for half in (pair.a, pair.b):
        with_locks(half)
    pair.running()
    pair.b.feed(events.DiskChanged("shop", replace(GOOD, connection="Unconfigured")))
    silence(pair.b, 12.0)
    orders = [o for o in pair.b.take(actions.Fence) if isinstance(o, actions.Fence)]
    assert [(o.level, o.ask) for o in orders] == [(0, actions.Ask.OFF)]
    assert not starts(pair.b)
    return pair, orders[0]


def locked_out() -> Pair:
    """b has every lock of its silent peer, and starts the service."""
    pair, order = taking_locks()
    pair.b.feed(events.FenceDone(order.op, Power.OFF, "all locks are ours"))
    return pair


@pytest.mark.parametrize("power", [Power.OFF, Power.UNKNOWN])
def test_f64_who_is_just_taking_the_lock_lets_nobody_start_without_it(power: Power) -> None:
    """Seen in the lab: an owner that had reset itself was back before its lock had aged out."""
    pair, order = taking_locks()
    pair.a = Half("a", "b", 2 << 32 | 11, replicated=False, locked=True)
    with_locks(pair.a)
    pair.a.settle(ALONE)
    pair.talk(20)
    assert pair.b.state.peer.life is Life.ALIVE
    assert not starts(pair.a), "it would fail for want of the lock"
    assert not starts(pair.b)
    pair.b.feed(events.FenceDone(order.op, power))
    pair.talk()
    assert starts(pair.a) == 1


def test_a_lock_speaks_for_what_is_locked_and_for_nothing_else() -> None:
    assert starts(locked_out().b) == 1


def test_a_lock_that_was_given_back_is_no_proof_any_more() -> None:
    """Simulator, seed 2478: after a failed start the peer may have taken it."""
    b = locked_out().b
    b.finish(actions.Start, ok=False)
    b.finish(actions.Stop)
    b.feed(events.Command(1, events.Verb.CLEAR))
    silence(b, 8.0)
    assert not starts(b)
    assert b.take(actions.Fence)


def test_a_silent_peer_says_what_failed_and_what_ends_it() -> None:
    pair = Pair().running()
    Pair.see(pair.b, ALONE)
    for _round in range(15):
        pair.b.pass_time(1.0)
        pair.b.fence_answers(Power.UNKNOWN)
    why = pair.b.shop.why
    assert why.startswith("a is silent and not proven gone: pdu: no answer")
    assert why.endswith("when you know it is off: failoverctl confirm-fenced a")


def test_an_owner_that_waits_for_nothing_but_time_is_left_in_peace() -> None:
    """A shot that no level can carry out is not due at every moment."""
    pair = leased()
    Pair.see(pair.a, FROZEN)
    silence(pair.a, 10.0)
    due = deadline(pair.a.state, pair.a.now)
    assert due is not None and due > pair.a.now


@pytest.mark.parametrize("local", [Local.STARTING, Local.RUNNING])
def test_a_peer_that_returns_does_not_end_what_was_taken_over_from_it(local: Local) -> None:
    """It had no contact with anybody meanwhile: while it starts no ping target counts as one."""
    pair = leased()
    Pair.see(pair.b, ALONE)
    silence(pair.b, LEASE.takeover_s + 4.0)
    if local is Local.RUNNING:
        pair.b.finish(actions.Start)
        silence(pair.b, LEASE.lease_s, pings=False)
    assert pair.b.shop.local is local
    pair.b.todo.clear()
    again = Pair()
    again.a.config = pair.a.config
    again.a.state = replace(again.a.state, config=pair.a.config, incarnation=2 << 32 | 11)
    again.b = pair.b
    again.a.now = pair.b.now
    again.talk(3)
    assert pair.b.shop.local is local
    assert not pair.b.take(actions.Stop)
    assert not notes(pair.b, "lease-lost")


def test_an_old_copy_stays_old_when_the_peer_is_heard_to_have_taken_over() -> None:
    """Seeds 646, 1403: an owner that nobody hears hears its peer start the service."""
    pair = leased()
    Pair.see(pair.a, LONELY)
    silence(pair.a, LEASE.lease_s / 2 + 1.0, pings=False)
    pair.a.finish(actions.Stop)
    Pair.see(pair.a, ALONE)
    silence(pair.a, LEASE.takeover_s - LEASE.lease_s / 2, pings=False)
    Pair.see(pair.b, ALONE)
    silence(pair.b, LEASE.takeover_s + 4.0)
    assert starts(pair.b) == 1
    pair.a.now = max(pair.a.now, pair.b.now)
    pair.a.feed(events.Heard("lan", said(pair.b)))
    assert pair.a.state.peer.message == said(pair.b)
    assert lease.stale(View(pair.a.state, Clock(pair.a.now)), pair.a.shop)
