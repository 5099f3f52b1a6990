# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F73: who speaks is on, whether it is believed or not; a person cannot confirm the opposite."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core import events
from failoverd.core.actions import Reply
from failoverd.core.clock import Clock
from failoverd.core.events import Heard, Verb
from failoverd.core.message import Message
from failoverd.core.placement import silence
from failoverd.core.state import Life
from failoverd.core.workbench import View

from .pair import ALONE, Half, Pair, notes, replies, said

pytestmark = pytest.mark.finding("S4")


def hears_on(half: Half, message: Message, seconds: float) -> None:
    """That message comes again and again, numbered on, as from a node that lives."""
    for number in range(round(seconds / 0.2)):
        half.feed(Heard("lan", replace(message, sequence=1000 + number)), 0.2)


def confirmed(half: Half) -> bool:
    half.feed(events.Command(7, Verb.CONFIRM_FENCED, half.config.peer, "alice"))
    [ok] = replies(half)
    return ok


def test_a_daemon_that_has_just_started_listens_before_it_believes_an_operator() -> None:
    b = Half("b", "a", 1 << 32 | 23)
    b.settle()
    Pair.see(b, ALONE)
    b.pass_time(0.5)
    assert not confirmed(b)
    b.pass_time(b.config.timing.dead_s)
    assert confirmed(b)


@pytest.mark.parametrize(
    ("incarnation", "echo"),
    [(5, 0), (5, 1 << 32 | 22), (1 << 32 | 11, 1 << 32 | 21), (1 << 60, 0)],
    ids=["older life", "older life that knows this one", "does not know this life", "newer life"],
)
def test_a_node_whose_signed_words_arrive_is_not_confirmed_off(incarnation: int, echo: int) -> None:
    b = Pair().running().b
    Pair.see(b, ALONE)
    word = replace(said(Pair().running().a), incarnation=incarnation, echo=echo)
    hears_on(b, word, 5.0)
    assert b.state.peer.life is Life.SILENT
    assert not confirmed(b)
    assert "confirm-fenced" not in silence(View(b.state, Clock(b.now)))
    assert "signed heartbeats" in silence(View(b.state, Clock(b.now)))
    b.pass_time(b.config.timing.dead_s + 0.1)
    assert "confirm-fenced" in silence(View(b.state, Clock(b.now)))
    assert confirmed(b)


def test_a_node_that_was_never_believed_is_not_confirmed_off_while_it_speaks() -> None:
    b = Half("b", "a", 1 << 32 | 22)
    b.settle(ALONE)
    hears_on(b, replace(said(Pair().running().a), echo=0), 30.0)
    assert b.state.peer.life is Life.UNSEEN
    assert not confirmed(b)


@pytest.mark.finding("S4")
@pytest.mark.parametrize("heard_s", [5.0, 0.0])
def test_a_node_is_not_confirmed_off_by_one_that_just_did_not_run(heard_s: float) -> None:
    """F26, F73: what was typed while it stood still is asked at the end of a gap without words."""
    b = Half("b", "a", 1 << 32 | 22)
    b.settle(ALONE)
    hears_on(b, replace(said(Pair().running().a), echo=0), heard_s)
    b.feed(events.Paused(20.0), 20.0)
    assert not confirmed(b)
    b.pass_time(b.config.timing.dead_s + 0.1)
    assert confirmed(b)


def test_a_node_that_is_heard_is_not_confirmed_off_and_the_answer_says_so() -> None:
    pair = Pair().running()
    pair.b.feed(events.Command(7, Verb.CONFIRM_FENCED, "a", "alice"))
    [reply] = pair.b.take(Reply)
    assert isinstance(reply, Reply)
    assert not reply.ok
    assert "a is alive: only a silent node is confirmed" in reply.text


def test_words_of_a_foreign_node_do_not_keep_a_person_from_it() -> None:
    b = Pair().running().b
    Pair.see(b, ALONE)
    hears_on(b, replace(said(Pair().running().a), node="c"), 5.0)
    assert confirmed(b)


def test_words_of_an_older_life_that_go_on_are_told_once() -> None:
    pair = Pair().running()
    old = replace(said(pair.a), incarnation=5, echo=0)
    pair.b.now += pair.b.config.timing.dead_s
    for number in range(50):
        pair.b.feed(Heard("lan", replace(old, sequence=number, incarnation=5 + number % 2)))
    [text] = notes(pair.b, "old-life")
    assert "older life of a" in text


def test_words_that_were_under_way_when_a_life_ended_are_not_told() -> None:
    pair = Pair().running()
    last, pair.a = said(pair.a), Half("a", "b", 2 << 32 | 11)
    pair.a.now = pair.b.now
    pair.talk(2)
    hears_on(pair.b, last, 1.0)
    assert not notes(pair.b, "old-life")


def test_f18_a_message_that_is_repeated_is_heard_once() -> None:
    """Else a dead node would be suspect later, and its link would look well."""
    pair = Pair().running()
    last, word = pair.b.state.peer, said(pair.a)
    for _round in range(4):
        pair.b.feed(Heard("lan", word), 0.3 * pair.b.config.timing.dead_s)
        assert pair.b.state.peer.heard == last.heard
        assert pair.b.state.peer.last == last.last
    assert pair.b.state.peer.life is Life.SILENT
    assert notes(pair.b, "link-down") == []
