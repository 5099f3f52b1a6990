# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F91: what could not start again is not stopped for a planned move; a failover goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core import actions, events
from failoverd.core.events import Power, SpaceUsed, Verb
from failoverd.core.message import Local

from .pair import ALONE, GOOD, Half, Pair, notes, said

pytestmark = pytest.mark.finding("S31")

FULL = SpaceUsed("shop", 100, 1 << 20, "/srv/shop")
MIB = 1 << 20


def full(**policy: object) -> Pair:
    """a runs shop, whose file system is full."""
    pair = Pair(**policy).running()
    pair.a.feed(FULL)
    pair.talk()
    return pair


def answers(half: Half) -> list[actions.Reply]:
    return [a for a in half.take(actions.Reply) if isinstance(a, actions.Reply)]


def stays(pair: Pair) -> bool:
    return pair.a.shop.local is Local.RUNNING and not pair.a.take(actions.Stop)


@pytest.mark.parametrize("asked_on", ["a", "b"])
def test_a_planned_move_is_refused_and_says_what_is_full_and_what_to_type(asked_on: str) -> None:
    pair = full()
    asked = pair.a if asked_on == "a" else pair.b
    asked.feed(events.Command(1, Verb.SWITCHOVER, "shop", to="b"))
    [answer] = answers(asked)
    assert not answer.ok
    if asked is pair.a:
        assert "/srv/shop is 100 % full; a start needs 32 MiB there, and 1 MiB are" in answer.text
        assert "du -xh -d 1 /srv/shop" in answer.text
    else:
        assert "no room on its file system: ask on a" in answer.text
    pair.talk(20)
    assert stays(pair)


@pytest.mark.parametrize(
    ("percent", "room", "moves"),
    [
        (100, 90 * 1024 * MIB, True),  # one hundredth of a large disk
        (99, 32 * MIB, True),
        (95, 16 * MIB, False),
        (94, 16 * MIB, True),  # a small file system, hardly used
        (100, 0, False),  # no inode is left
    ],
)
def test_what_is_left_decides_and_not_the_percentage_alone(
    percent: int, room: int, moves: bool
) -> None:
    pair = Pair().running()
    pair.a.feed(SpaceUsed("shop", percent, room, "/srv/shop"))
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    assert bool(pair.a.take(actions.Stop)) is moves


def test_once_there_is_room_it_is_moved() -> None:
    pair = full()
    pair.a.feed(SpaceUsed("shop", 60, 1 << 30, "/srv/shop"))
    pair.talk()
    pair.b.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.talk()
    pair.moved(pair.a, pair.b)
    assert answers(pair.b)[0].ok


def test_a_peer_that_asks_before_it_knows_is_told_at_once() -> None:
    pair = Pair().running()
    pair.a.feed(FULL)
    pair.b.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.talk()
    [answer] = answers(pair.b)
    assert not answer.ok and "there is no room" in answer.text
    assert stays(pair)


def test_it_does_not_go_home_by_itself() -> None:
    pair = Pair(failback=True, failback_delay_s=5.0)
    pair.running()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.moved(pair.a, pair.b)
    pair.b.feed(FULL)
    pair.talk(60)
    assert pair.b.shop.local is Local.RUNNING and not pair.b.take(actions.Stop)
    pair.b.feed(SpaceUsed("shop", 60, 1 << 30, "/srv/shop"))
    pair.talk(60)
    assert pair.b.take(actions.Stop)


def test_standby_mode_leaves_it_and_says_so() -> None:
    pair = full()
    pair.a.feed(events.Command(1, Verb.STANDBY))
    [answer] = answers(pair.a)
    assert answer.ok and "shop stays: its file system /srv/shop" in answer.text
    pair.talk(20)
    assert stays(pair)


def test_a_disk_that_fails_moves_it_all_the_same() -> None:
    pair = full()
    pair.see(pair.a, replace(GOOD, role="Primary", disk="Diskless"))
    pair.talk()
    assert pair.a.take(actions.Stop)


def test_a_handover_stops_it_all_the_same() -> None:
    """The host goes down whatever is said here."""
    pair = full()
    pair.a.feed(events.Command(1, Verb.HANDOVER))
    assert pair.a.take(actions.Stop)


def test_a_failover_is_not_refused() -> None:
    b = full().b
    Pair.see(b, ALONE)
    b.pass_time(4)
    b.fence_answers(Power.OFF)
    assert b.take(actions.Start)


def test_what_was_full_when_it_was_stopped_says_nothing_of_its_next_life() -> None:
    pair = full()
    pair.a.feed(events.Command(1, Verb.HANDOVER))
    pair.a.finish(actions.Stop)
    assert not pair.a.shop.cramped
    assert not said(pair.a).services[0].cramped


def test_a_recovery_in_place_goes_on() -> None:
    pair = full()
    pair.a.feed(events.ResourceFailed("shop", "postgresql", "died"))
    assert pair.a.take(actions.Recover)
    assert not notes(pair.a, "move-failed")
