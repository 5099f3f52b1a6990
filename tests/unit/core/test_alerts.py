# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told to people and acted on by nobody: links, lateness, devices, file systems, copies."""

from __future__ import annotations

from dataclasses import replace

from failoverd.core import actions, events
from failoverd.core.events import Power
from failoverd.core.memory import Memory
from failoverd.core.step import begin

from .pair import ALONE, GOOD, Half, Pair, notes, said

SPLIT = replace(ALONE, connection="StandAlone")


def untouched(pair: Pair) -> bool:
    """No service was touched, nobody was shot at."""
    kinds = (actions.Start, actions.Stop, actions.Recover, actions.Fence)
    return not any(isinstance(a, kinds) for half in (pair.a, pair.b) for a in half.todo)


def test_f11_one_of_several_links_down_is_told_once_and_nothing_else_happens() -> None:
    pair = Pair().running()
    pair.talk(20)
    assert not notes(pair.a, "link-down"), "both are heard"
    pair.talk(60, links=("lan",))
    for half in (pair.a, pair.b):
        [text] = notes(half, "link-down")
        assert "link cross is down" in text
    assert untouched(pair)


def test_f17_who_does_not_hear_tells_it_while_the_other_hears() -> None:
    pair = Pair().running()
    for _round in range(40):
        pair.talk(1, links=("lan",))
        for send in pair.a.take(actions.Send):
            assert isinstance(send, actions.Send)
        assert pair.a.state.said is not None
        pair.b.feed(events.Heard("cross", pair.a.state.said))
    assert notes(pair.a, "link-down")
    assert not notes(pair.b, "link-down")


def test_f20_a_link_that_flaps_is_told_once_until_it_was_steady() -> None:
    pair = Pair().running()
    for _round in range(5):
        pair.talk(30, links=("lan",))
        pair.talk(20)
    assert len(notes(pair.a, "link-down")) == 1
    assert not notes(pair.a, "link-up")
    pair.talk(170)
    assert len(notes(pair.a, "link-up")) == 1
    pair.talk(30, links=("lan",))
    assert len(notes(pair.a, "link-down")) == 1
    assert untouched(pair)


def test_f11_no_link_is_blamed_for_a_peer_that_died() -> None:
    b = Pair().running().b
    b.pass_time(60)
    assert not notes(b, "link-down")


def test_f21_a_heartbeat_that_nearly_came_too_late_is_told_with_a_better_value() -> None:
    pair = Pair().running()
    pair.b.pass_time(2.4)
    pair.talk(1)
    [text] = notes(pair.b, "late")
    assert "set dead_s to 8" in text
    pair.b.pass_time(2.0)
    pair.talk(1)
    assert not notes(pair.b, "late"), "told again only when it is worse"
    pair.talk(20)
    assert not notes(pair.a, "late")


def test_f24_a_fence_device_that_fails_while_all_is_well_is_told_once() -> None:
    a = Pair().running().a
    for _round in range(3):
        a.feed(events.DeviceChecked(1, False, "no answer"))
    assert notes(a, "fence-device-failed") == ["pdu: the fence device of b fails: no answer"]
    for _round in range(2):
        a.feed(events.DeviceChecked(1, True))
    assert len(notes(a, "fence-device-back")) == 1


def test_f39_split_brain_is_told_and_the_standby_is_blocked_for_good() -> None:
    pair = Pair().running()
    Pair.see(pair.b, SPLIT)
    Pair.see(pair.a, replace(SPLIT, role="Primary"))
    for half in (pair.a, pair.b):
        [text] = notes(half, "split-brain")
        assert "may have diverged" in text
    assert not pair.a.take(actions.Stop), "the owner's copy is in use"
    pair.b.pass_time(12)
    pair.b.fence_answers(Power.OFF)
    assert not pair.b.take(actions.Start), "even over a proof: data would be lost"
    assert "diverged" in pair.b.shop.why


def test_f39_a_copy_that_is_about_to_be_discarded_is_not_used() -> None:
    """Recovery begins on one node: until the kernels connect its old copy looks like a good one."""
    pair = Pair()
    pair.talk()
    for half in (pair.a, pair.b):
        half.settle()
        Pair.see(half, ALONE)
    Pair.see(pair.a, SPLIT)
    for half in (pair.a, pair.b):
        half.todo.clear()
    Pair.see(pair.a, ALONE)
    pair.talk(60)
    assert not pair.a.take(actions.Start) and not pair.b.take(actions.Start)
    assert "DRBD was StandAlone" in pair.a.shop.why
    Pair.see(pair.a, replace(GOOD, disk="Inconsistent"))
    Pair.see(pair.b, GOOD)
    pair.talk()
    assert pair.b.take(actions.Start)


def test_f39_a_person_may_end_the_doubt_once_the_kernel_waits_for_the_other_again() -> None:
    half = Half("a", "b", 1 << 32 | 11)
    half.settle()
    clear = events.Command(1, events.Verb.CLEAR, "shop")
    Pair.see(half, SPLIT)
    half.feed(clear)
    Pair.see(half, ALONE)
    half.feed(events.Tick(), 0.2)
    assert "was StandAlone" in half.shop.why
    half.feed(clear)
    half.feed(events.Tick(), 0.2)
    assert "StandAlone" not in half.shop.why


def anew(half: Half) -> Half:
    """The daemon begins anew, after a boot or not: it knows what it was told to keep."""
    told = [a for a in half.take(actions.KeepSplit) if isinstance(a, actions.KeepSplit)]
    split = frozenset(a.service for a in told[-1:] if a.split)
    later = half.state.incarnation + (1 << 32)
    half.state, todo = begin(half.config, later, half.now, Memory(split=split))
    half.todo = [*told, *todo]
    return half


def test_f39_a_daemon_that_begins_anew_knows_that_the_copies_have_diverged() -> None:
    """The kernel waits for the other one already: only the daemon's memory tells of the split."""
    half = Half("a", "b", 1 << 32 | 11)
    half.settle()
    Pair.see(half, SPLIT)
    Pair.see(half, ALONE)
    anew(half).settle(ALONE)
    half.pass_time(12)
    half.fence_answers(Power.OFF)
    assert not half.take(actions.Start)
    assert "DRBD was StandAlone" in half.shop.why
    Pair.see(half, GOOD)
    anew(half).settle(ALONE)
    assert not half.shop.split, "the kernels have met in between"
    Pair.see(half, SPLIT)
    Pair.see(half, ALONE)
    half.feed(events.Command(1, events.Verb.CLEAR, "shop"))
    assert not anew(half).shop.split, "an operator has decided"


def test_f39_a_node_that_boots_tells_of_a_split_before_it_knows_its_disk() -> None:
    """Else it grants the service to the copy that is to be discarded."""
    half = Half("a", "b", 1 << 32 | 11)
    half.settle()
    Pair.see(half, SPLIT)
    half.pass_time(12)
    booted = anew(half)
    booted.pass_time(0.5)
    assert said(booted).services[0].split
    Pair.see(booted, replace(ALONE, disk="Outdated"))
    booted.pass_time(0.5)
    assert not said(booted).services[0].split, "this copy is the older one"


def test_f39_a_daemon_that_begins_beside_a_split_tells_once_it_is_sure() -> None:
    """A kernel that is being brought up looks the same for a moment."""
    half = Half("a", "b", 1 << 32 | 11)
    half.settle(SPLIT)
    half.pass_time(8)
    assert notes(half, "split-brain") == []
    assert half.shop.why == "DRBD is not connected yet (StandAlone)"
    half.pass_time(4)
    [text] = notes(half, "split-brain")
    assert "may have diverged" in text
    assert "may have diverged" in half.shop.why
    half.pass_time(30)
    assert notes(half, "split-brain") == []
    brief = Half("a", "b", 1 << 32 | 12)
    brief.settle(SPLIT)
    brief.pass_time(5)
    Pair.see(brief, ALONE)
    brief.pass_time(30)
    assert notes(brief, "split-brain") == []


def test_f39_a_copy_that_is_connected_again_is_no_longer_blocked() -> None:
    pair = Pair().running()
    Pair.see(pair.b, SPLIT)
    Pair.see(pair.b, replace(GOOD, peer_role="Primary"))
    pair.talk()
    pair.a.feed(events.Command(1, events.Verb.SWITCHOVER, "shop"))
    assert pair.a.take(actions.Stop)


def test_f45_a_file_system_that_fills_is_told_at_each_threshold() -> None:
    pair = Pair().running()
    told = []
    for percent in (50, 79, 80, 85, 79, 81, 91, 90, 96, 100, 99):
        pair.a.feed(events.SpaceUsed("shop", percent))
        told += notes(pair.a, "filling")
    assert [text.split()[-3] for text in told] == ["80", "91", "96"]
    pair.a.feed(events.SpaceUsed("shop", 40))
    pair.a.feed(events.SpaceUsed("shop", 81))
    assert len(notes(pair.a, "filling")) == 1
    assert untouched(pair)


def test_f39_a_node_that_sees_no_split_itself_takes_its_peers_word_for_it() -> None:
    """After a restart it has connected anew, alone; the other kernel still refuses it."""
    pair = Pair()
    pair.talk()
    for half in (pair.a, pair.b):
        half.settle()
    Pair.see(pair.a, replace(SPLIT, disk="UpToDate"))
    Pair.see(pair.b, replace(ALONE, peer_disk="Outdated"))
    for half in (pair.a, pair.b):
        half.todo.clear()
    pair.talk()
    assert not pair.b.take(actions.Start) and not pair.a.take(actions.Start)
    assert "on a DRBD is StandAlone" in pair.b.shop.why
    pair.b.pass_time(12)
    pair.b.fence_answers(Power.OFF)
    pair.b.pass_time(3)
    assert not pair.b.take(actions.Start), "the dead node may hold what is missing here"


def test_f39_an_outdated_copy_that_left_bars_nobody() -> None:
    pair = Pair()
    pair.talk()
    for half in (pair.a, pair.b):
        half.settle()
    Pair.see(pair.a, replace(SPLIT, disk="Outdated"))
    Pair.see(pair.b, replace(ALONE, peer_disk="Outdated"))
    pair.talk()
    assert pair.b.take(actions.Start)


def test_a_peer_that_is_heard_again_is_told_once_and_one_that_goes_on_not_at_all() -> None:
    pair = Pair().running()
    pair.talk()
    assert notes(pair.b, "peer-alive") == []
    pair.b.pass_time(pair.b.config.timing.dead_s + 1)
    pair.a.pass_time(pair.a.config.timing.dead_s + 1)
    pair.a.take(actions.Send)
    pair.talk()
    assert notes(pair.b, "peer-alive") == ["a is alive"]
