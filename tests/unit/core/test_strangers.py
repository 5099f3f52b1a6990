# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F80: nodes that disagree on a name do not fence each other, and a replay changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from failoverd.core import events
from failoverd.core.events import Disk, Heard
from failoverd.core.message import Local, Message
from failoverd.core.state import Life

from .pair import Half, Pair, said, shots

pytestmark = pytest.mark.finding("S5")


def pair() -> Pair:
    """No kernel keeps the nodes from being fenced."""
    two = Pair(replicated=False).running()
    for half in (two.a, two.b):
        two.see(half, Disk())
    two.talk()
    return two


def renamed(half: Half, life: int, number: int, **names: Any) -> Message:
    """What its next life says under another name; it has heard nobody."""
    message = replace(said(half), incarnation=life, sequence=number, echo=0)
    return replace(message, **(names or {"cluster": "other"}))


@pytest.mark.parametrize("names", [{"cluster": "other"}, {"node": "c"}])
@pytest.mark.parametrize("who", ["owner", "standby"])
def test_it_is_not_fenced_while_it_speaks_and_is_once_it_does_not(
    who: str, names: dict[str, str]
) -> None:
    two = pair()
    here, there = (two.b, two.a) if who == "owner" else (two.a, two.b)
    life = there.state.incarnation + (1 << 32)
    for number in range(1, 40):
        here.feed(Heard("lan", renamed(there, life, number, **names)), 0.5)
        here.pass_time(0.1)
    assert here.state.peer.life is Life.SILENT
    assert not shots(here)
    assert here.shop.local is (Local.STOPPED if who == "owner" else Local.RUNNING)
    here.pass_time(here.config.timing.dead_s + here.config.timing.fence_delay_s + 0.5)
    assert [shot.level for shot in shots(here)][:1] == [0]


@pytest.mark.parametrize("numbers", [[7] * 40, [7, 6] * 20])
def test_words_that_were_heard_before_keep_nobody_from_being_fenced(numbers: list[int]) -> None:
    two = pair()
    life = two.a.state.incarnation + (1 << 32)
    for number in numbers:
        two.b.feed(Heard("lan", renamed(two.a, life, number)), 0.5)
    assert [shot.level for shot in shots(two.b)] == [0, 1]


def test_words_of_lives_before_the_last_one_that_was_heard_keep_nobody_from_being_fenced() -> None:
    two = pair()
    life = two.a.state.incarnation
    for number in range(1, 40):
        two.b.feed(Heard("lan", renamed(two.a, life, number)), 0.5)
    assert [shot.level for shot in shots(two.b)] == [0, 1]


def test_own_words_that_are_sent_back_keep_nobody_from_being_fenced() -> None:
    two = pair()
    life = two.a.state.incarnation + (1 << 32)
    for number in range(1, 40):
        two.b.feed(Heard("lan", renamed(two.a, life, number, node="b")), 0.5)
    assert [shot.level for shot in shots(two.b)] == [0, 1]


def test_nobody_can_be_confirmed_to_be_off_who_speaks_under_another_name() -> None:
    two = pair()
    life = two.a.state.incarnation + (1 << 32)
    for number in range(1, 20):
        two.b.feed(Heard("lan", renamed(two.a, life, number)), 0.5)
    two.b.feed(events.Command(9, events.Verb.CONFIRM_FENCED, "a", "somebody"))
    assert two.b.state.peer.life is Life.SILENT


def test_a_shot_from_before_its_words_proves_nothing() -> None:
    """It may have hit, and a person may have switched the node on since."""
    b = pair().b
    b.pass_time(b.config.timing.dead_s + b.config.timing.fence_delay_s + 1.0)
    [shot, *_more] = shots(b)
    life = (1 << 40) | 1
    b.feed(Heard("lan", renamed(Pair().running().a, life, 1)), 0.5)
    b.feed(events.FenceDone(shot.op, events.Power.OFF))
    assert b.state.peer.life is Life.SILENT
    assert b.shop.local is Local.STOPPED
