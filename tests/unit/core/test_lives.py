# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F73: a node whose number went back is heard again, because it learns of it from its peer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core import actions
from failoverd.core.events import Found, Heard
from failoverd.core.message import Local
from failoverd.core.state import Life

from .pair import GOOD, Half, Pair, notes, said, shots

pytestmark = pytest.mark.finding("S4")


def reborn(half: Half, incarnation: int) -> Half:
    """The daemon of that node begins anew under this number."""
    again = Half(half.config.node, half.config.peer, incarnation)
    again.now = half.now
    return again


@pytest.mark.parametrize("lower", [1, 1 << 32, (1 << 32 | 11) - 1])
def test_the_owner_goes_on_after_a_restart_under_a_lower_number(lower: int) -> None:
    pair = Pair().running()
    before = pair.a.state.incarnation
    pair.a = reborn(pair.a, lower)
    pair.a.settle(replace(GOOD, role="Primary"), Found.RUNNING, mine=True)
    pair.talk(40)
    assert pair.a.state.incarnation > before
    assert pair.a.shop.local is Local.RUNNING
    assert [half.state.peer.life for half in (pair.a, pair.b)] == [Life.ALIVE, Life.ALIVE]
    assert not shots(pair.a) and not shots(pair.b)
    assert len(notes(pair.a, "life-raised")) == 1
    [kept] = pair.a.take(actions.KeepLife)
    assert kept == actions.KeepLife(pair.a.state.incarnation)


def test_a_replaced_standby_is_heard() -> None:
    pair = Pair().running()
    pair.b = reborn(pair.b, 5)
    pair.b.settle(replace(GOOD, peer_role="Primary"))
    pair.talk(40)
    assert [half.state.peer.life for half in (pair.a, pair.b)] == [Life.ALIVE, Life.ALIVE]
    assert not shots(pair.a) and not shots(pair.b)


def test_both_may_have_gone_back() -> None:
    pair = Pair().running()
    old = said(pair.a), said(pair.b)
    pair.a, pair.b = reborn(pair.a, 3), reborn(pair.b, 4)
    # What each has sent in its last life comes late: it tells both of the numbers that were.
    pair.a.feed(Heard("lan", old[1]))
    pair.b.feed(Heard("lan", old[0]))
    pair.talk(10)
    assert [half.state.peer.life for half in (pair.a, pair.b)] == [Life.ALIVE, Life.ALIVE]


def test_a_life_that_the_peer_has_proven_dead_is_followed_by_a_greater_one() -> None:
    pair = Pair().running()
    pair.b.state = replace(
        pair.b.state, peer=replace(pair.b.state.peer, dead=pair.a.state.incarnation)
    )
    dead = pair.a.state.incarnation
    pair.a = reborn(pair.a, 7)
    pair.talk(3)
    assert pair.a.state.incarnation > dead
    assert pair.b.state.peer.incarnation == pair.a.state.incarnation


def test_it_is_said_at_once_and_once_for_any_number_of_old_words() -> None:
    pair = Pair().running()
    old = said(pair.b)
    pair.a = reborn(pair.a, 5)
    pair.a.todo.clear()
    for _round in range(50):
        pair.a.feed(Heard("lan", old))
    [first] = pair.a.take(actions.Send)
    assert isinstance(first, actions.Send)
    assert first.message.incarnation == pair.a.state.incarnation > old.echo
    assert len(notes(pair.a, "life-raised")) == 1


def test_words_of_another_cluster_or_node_raise_nothing() -> None:
    pair = Pair().running()
    word = replace(said(pair.b), echo=pair.a.state.incarnation + 1)
    for foreign in (replace(word, cluster="other"), replace(word, node="c")):
        pair.a.feed(Heard("lan", foreign))
    assert not notes(pair.a, "life-raised")


def test_where_no_greater_number_is_left_it_stays_as_it_is() -> None:
    pair = Pair().running()
    before = pair.a.state.incarnation
    pair.a.feed(Heard("lan", replace(said(pair.b), echo=2**64 - 1)))
    assert pair.a.state.incarnation == before
