# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a service runs: scores, thresholds, the way home, and moves that nobody asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from failoverd.core import actions, events
from failoverd.core.config import ServiceConfig
from failoverd.core.events import Disk, Found, Verb
from failoverd.core.message import Local, Reach

from .pair import ALONE, GOOD, Half, Pair, notes, said

OWNER = replace(GOOD, role="Primary")


def reach(pair: Pair, a: Reach, b: Reach) -> None:
    """What the two monitors of the ping targets say."""
    for half, seen in ((pair.a, a), (pair.b, b)):
        half.feed(events.Reached(seen))


def stopped(**policy: Any) -> Pair:
    """Both nodes are there, nothing runs yet, nobody has looked."""
    pair = Pair(**policy)
    pair.talk(3)
    return pair


def starter(pair: Pair) -> list[str]:
    """Who starts the service once both have looked."""
    for half in (pair.a, pair.b):
        half.settle()
    pair.talk()
    return [half.config.node for half in (pair.a, pair.b) if half.take(actions.Start)]


@pytest.mark.parametrize(("preferred", "node"), [("a", "a"), ("b", "b"), ("", "a")])
def test_the_preferred_node_or_else_the_first_name_starts_it(preferred: str, node: str) -> None:
    assert starter(stopped(preferred=preferred)) == [node]


def test_f22_a_node_without_its_lan_is_passed_over() -> None:
    pair = stopped()
    reach(pair, Reach.LOST, Reach.REACHED)
    assert starter(pair) == ["b"]


def test_f23_a_target_dead_for_both_changes_nothing() -> None:
    pair = stopped()
    reach(pair, Reach.LOST, Reach.LOST)
    assert starter(pair) == ["a"]


def test_restarts_of_late_count_against_a_node() -> None:
    pair = Pair(restarts=10).running()
    before = said(pair.a).services[0].score
    pair.a.feed(events.ResourceFailed("shop", "db", "died"))
    pair.a.finish(actions.Recover)
    assert said(pair.a).services[0].score < before


def test_f63_a_peer_without_scores_is_compared_by_preference() -> None:
    pair = stopped(preferred="b")
    pair.b.settle()
    old = said(pair.b)
    reports = tuple(replace(report, score=0, able=True) for report in old.services)
    pair.a.feed(events.Heard("lan", replace(old, sequence=99, services=reports)))
    pair.a.settle()
    assert pair.a.shop.claim == 0


def test_f22_an_owner_that_loses_its_lan_hands_over() -> None:
    pair = Pair().running()
    reach(pair, Reach.LOST, Reach.REACHED)
    pair.talk(5)
    assert not pair.a.take(actions.Stop), "confirmed for a while first"
    pair.talk(30)
    pair.moved(pair.a, pair.b)


def test_f22_a_lan_that_comes_back_in_time_moves_nothing() -> None:
    pair = Pair().running()
    reach(pair, Reach.LOST, Reach.REACHED)
    pair.talk(5)
    reach(pair, Reach.REACHED, Reach.REACHED)
    pair.talk(40)
    assert not pair.a.take(actions.Stop)


@pytest.mark.parametrize("there", [Reach.LOST, Reach.UNKNOWN])
def test_f23_nothing_moves_unless_the_peer_reaches_the_targets(there: Reach) -> None:
    pair = Pair().running()
    reach(pair, Reach.LOST, there)
    pair.talk(60)
    assert not pair.a.take(actions.Stop)
    assert not pair.b.take(actions.Start)


def test_f23_of_a_dead_target_that_returns_the_peer_may_hear_first() -> None:
    pair = Pair().running()
    reach(pair, Reach.LOST, Reach.LOST)
    pair.talk(60)
    reach(pair, Reach.LOST, Reach.REACHED)
    pair.talk(5)
    reach(pair, Reach.REACHED, Reach.REACHED)
    pair.talk(40)
    assert not pair.a.take(actions.Stop)


def test_a_node_that_has_not_looked_yet_offers_nothing_and_says_so() -> None:
    pair = stopped()
    pair.b.settle()
    pair.talk()
    report = said(pair.a).services[0]
    assert not report.able
    assert report.score == 0
    assert "on a it is unknown" in report.why


def test_f22_a_peer_that_is_not_able_gets_nothing() -> None:
    pair = Pair().running()
    Pair.see(pair.b, replace(GOOD, disk="Inconsistent", peer_role="Primary"))
    reach(pair, Reach.LOST, Reach.REACHED)
    pair.talk(60)
    assert not pair.a.take(actions.Stop)


def test_f29_a_node_without_its_watchdog_owns_nothing() -> None:
    pair = stopped()
    pair.a.feed(events.Eligible("the watchdog /dev/watchdog is absent"))
    assert starter(pair) == ["b"]
    assert "watchdog" in said(pair.a).services[0].why


def test_f29_an_owner_whose_watchdog_vanishes_hands_over() -> None:
    pair = Pair().running()
    pair.a.feed(events.Eligible("the watchdog /dev/watchdog is absent"))
    pair.talk(26)
    pair.moved(pair.a, pair.b)
    pair.a.feed(events.Eligible())
    pair.talk()
    assert said(pair.a).services[0].able


def test_f31_an_owner_that_has_not_opened_its_watchdog_yet_keeps_its_service() -> None:
    pair = Pair().running()
    pair.a.feed(events.Eligible("the watchdog is not in use yet"))
    pair.talk(4)
    pair.a.feed(events.Eligible())
    pair.talk(30)
    assert not pair.a.take(actions.Stop)


def test_f35_a_detached_owner_hands_over_to_an_up_to_date_peer() -> None:
    pair = Pair().running()
    Pair.see(pair.a, replace(OWNER, disk="Diskless"))
    pair.talk(1)
    pair.moved(pair.a, pair.b)


@pytest.mark.parametrize(
    "disk",
    [
        replace(OWNER, disk="Diskless", peer_disk="Inconsistent"),
        replace(OWNER, disk="Diskless", connection="WFConnection", peer_disk="DUnknown"),
        replace(OWNER, disk="Inconsistent"),
    ],
)
def test_f35_without_an_up_to_date_peer_nothing_moves(disk: Disk) -> None:
    pair = Pair().running()
    Pair.see(pair.a, disk)
    pair.talk(20)
    assert not pair.a.take(actions.Stop)


def moved_away(**policy: Any) -> Pair:
    """The service was moved to b, although a is preferred."""
    pair = Pair(**policy).running()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.moved(pair.a, pair.b)
    return pair


def test_f10_there_is_no_failback_unless_asked_for() -> None:
    pair = moved_away(failback_delay_s=1.0)
    pair.talk(60)
    assert not pair.b.take(actions.Stop)


def test_f10_automatic_failback_waits_its_delay() -> None:
    pair = moved_away(failback=True, failback_delay_s=20.0)
    pair.talk(80)
    assert not pair.b.take(actions.Stop)
    pair.talk(30)
    pair.moved(pair.b, pair.a)


def test_f10_the_delay_starts_anew_when_the_disk_was_not_whole() -> None:
    pair = moved_away(failback=True, failback_delay_s=10.0)
    pair.talk(20)
    Pair.see(pair.b, replace(OWNER, peer_disk="Inconsistent", connection="SyncSource"))
    pair.talk(60)
    assert not pair.b.take(actions.Stop), "never during a resync"
    Pair.see(pair.b, OWNER)
    pair.talk(20)
    assert not pair.b.take(actions.Stop)
    pair.talk(40)
    assert pair.b.take(actions.Stop)


def test_f10_no_failback_to_a_node_in_standby_or_without_its_lan() -> None:
    pair = moved_away(failback=True, failback_delay_s=4.0)
    reach(pair, Reach.LOST, Reach.REACHED)
    pair.talk(30)
    assert not pair.b.take(actions.Stop)
    reach(pair, Reach.REACHED, Reach.REACHED)
    pair.a.feed(events.Command(2, Verb.STANDBY))
    pair.talk(30)
    assert not pair.b.take(actions.Stop)


def test_f48_the_expiry_of_failures_is_the_services_own() -> None:
    pair = Pair(failure_expiry_s=30.0).running()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.a.finish(actions.Stop)
    pair.talk()
    pair.b.finish(actions.Start, ok=False)
    pair.b.finish(actions.Stop)
    pair.talk(2)
    assert not said(pair.b).services[0].able
    pair.talk(200)
    assert said(pair.b).services[0].able


def test_f50_the_threshold_is_the_services_own() -> None:
    pair = Pair(restarts=0).running()
    pair.a.feed(events.ResourceFailed("shop", "db", "died"))
    assert pair.a.shop.local is Local.STOPPING


def test_f49_what_fails_on_both_nodes_stays_down_and_says_so() -> None:
    pair = stopped()
    for half in (pair.a, pair.b):
        half.settle()
    pair.talk()
    for half in (pair.a, pair.b):
        half.finish(actions.Start, ok=False)
        half.finish(actions.Stop)
        pair.talk()
    pair.talk(50)
    assert not pair.a.take(actions.Start) + pair.b.take(actions.Start)
    assert pair.a.shop.why == "it failed on a and on b: broke"
    assert pair.b.shop.why == "it failed on b and on a: broke"


def both_at_home() -> Pair:
    """Two services, each running on the node that it prefers."""
    services = (ServiceConfig("shop", preferred="a"), ServiceConfig("mail", preferred="b"))
    pair = Pair(services=services)
    pair.talk(3)
    for half in (pair.a, pair.b):
        half.settle()
    pair.talk()
    pair.a.finish(actions.Start)
    pair.b.finish(actions.Start)
    pair.talk()
    return pair


def test_mutual_standby_each_service_has_an_owner_of_its_own() -> None:
    pair = both_at_home()
    running = [
        {s.name for s in half.state.services if s.local is Local.RUNNING}
        for half in (pair.a, pair.b)
    ]
    assert running == [{"shop"}, {"mail"}]


def test_mutual_standby_one_service_moves_and_the_other_stays() -> None:
    pair = both_at_home()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.a.finish(actions.Stop)
    pair.talk()
    pair.b.finish(actions.Start)
    pair.talk()
    assert [s.local for s in pair.b.state.services] == [Local.RUNNING, Local.RUNNING]


def test_services_leave_one_after_the_other() -> None:
    pair = both_at_home()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "mail", to="a"))
    pair.talk()
    pair.b.finish(actions.Stop)
    pair.talk()
    pair.a.finish(actions.Start)
    pair.talk()
    pair.a.feed(events.Command(2, Verb.STANDBY))
    for name in ("shop", "mail"):
        pair.talk()
        stops = pair.a.take(actions.Stop)
        assert [stop.service for stop in stops if isinstance(stop, actions.Stop)] == [name]
        pair.a.todo += stops
        pair.a.finish(actions.Stop)
        pair.talk()
        pair.b.finish(actions.Start)
        pair.talk()
    assert [s.local for s in pair.b.state.services] == [Local.RUNNING, Local.RUNNING]


def test_f15_of_two_owners_exactly_one_has_the_head_start() -> None:
    pair = both_at_home()
    times = {}
    for half in (pair.a, pair.b):
        for service in ("shop", "mail"):
            half.feed(events.DiskChanged(service, ALONE))
        for _round in range(200):
            half.pass_time(0.1)
            fences = [a for a in half.take(actions.Fence) if isinstance(a, actions.Fence)]
            if any(fence.ask is actions.Ask.OFF for fence in fences):
                break
        times[half.config.node] = half.now - half.state.peer.last
    assert times["b"] - times["a"] > 0.9 * pair.a.config.timing.fence_delay_s


def test_f58_clear_looks_again_at_what_was_found_by_hand() -> None:
    node = Half("a", "b", 3 << 32)
    node.settle(GOOD, Found.RUNNING, mine=False)
    assert node.shop.local is Local.BROKEN
    node.feed(events.Command(1, Verb.CLEAR, "shop"))
    node.settle(GOOD, Found.STOPPED)
    assert node.shop.local is Local.STOPPED


def test_f47_clear_ends_the_doom_of_what_is_provably_stopped() -> None:
    pair = Pair().running()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.a.finish(actions.Stop, ok=False)
    assert said(pair.a).services[0].doomed
    pair.a.feed(events.Command(2, Verb.CLEAR, "shop"))
    assert said(pair.a).services[0].doomed, "not before it is known"
    pair.a.settle(GOOD, Found.STOPPED, mine=True)
    assert not said(pair.a).services[0].doomed


def test_f44_a_service_leaves_a_sick_disk_if_the_other_copy_is_good() -> None:
    pair = Pair().running()
    pair.a.feed(events.DiskTried("shop", "cannot be read: Input/output error"))
    pair.talk()
    [text] = notes(pair.a, "switchover")
    assert "its own disk cannot be read" in text
    pair.moved(pair.a, pair.b)
    report = said(pair.a).services[0]
    assert (report.able, report.score) == (False, 0)
    assert report.why == "the disk on a cannot be read: Input/output error"


def test_f44_a_service_stays_on_a_sick_disk_if_there_is_no_better_one() -> None:
    pair = Pair().running()
    pair.see(pair.a, replace(OWNER, peer_disk="Inconsistent"))
    pair.a.feed(events.DiskTried("shop", "cannot be read"))
    pair.talk()
    assert notes(pair.a, "disk-sick") and not pair.a.take(actions.Stop)


def test_f44_a_standby_with_a_sick_disk_says_that_it_cannot_take_over_until_it_is_well() -> None:
    pair = Pair().running()
    pair.b.feed(events.DiskTried("shop", "has not answered a read for 10 s"))
    pair.b.feed(events.DiskTried("shop", "has not answered a read for 10 s"))
    assert len(notes(pair.b, "disk-sick")) == 1
    pair.talk()
    assert not said(pair.b).services[0].able
    pair.a.feed(events.Reached(Reach.LOST))
    pair.b.feed(events.Reached(Reach.REACHED))
    pair.talk(60)
    assert not pair.a.take(actions.Stop), "nothing moves onto it"
    pair.b.feed(events.DiskTried("shop"))
    pair.talk()
    assert notes(pair.b, "disk-well")
    assert pair.a.take(actions.Stop)
