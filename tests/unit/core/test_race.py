# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F83: the levels race. Whichever has verified its off proves it; nothing else does."""

from __future__ import annotations

import pytest

from failoverd.core import actions, events
from failoverd.core.actions import Ask
from failoverd.core.config import LEAD_S
from failoverd.core.events import Power
from failoverd.core.rules.fence import MUTE_LEAD_S
from failoverd.core.state import Life, Proof

from .pair import ALONE, Half, Pair, notes


def bereaved() -> Half:
    b = Pair().running().b
    Pair.see(b, ALONE)
    return b


def asked(half: Half, ask: Ask) -> list[actions.Fence]:
    fences = [a for a in half.todo if isinstance(a, actions.Fence) and a.ask is ask]
    half.todo = [a for a in half.todo if a not in fences]
    return fences


def answered(half: Half, power: Power) -> None:
    for question in asked(half, Ask.STATUS):
        half.feed(events.FenceDone(question.op, power))


def shot_at(half: Half, *, mute: bool = True) -> list[actions.Fence]:
    """Until the first order. mute: the questions before it are not answered."""
    for _tenth in range(300):
        half.pass_time(0.1)
        if not mute:
            answered(half, Power.ON)
        shots = asked(half, Ask.OFF)
        if shots:
            return shots
    raise AssertionError("nobody was shot at")


def test_a_device_that_answers_is_alone_with_the_order_for_a_while() -> None:
    b = bereaved()
    assert [shot.level for shot in shot_at(b, mute=False)] == [0]
    b.pass_time(LEAD_S - 0.2)
    assert asked(b, Ask.OFF) == []
    b.pass_time(0.4)
    assert [shot.level for shot in asked(b, Ask.OFF)] == [1]


def test_one_that_does_not_answer_holds_nobody_up() -> None:
    """It may have lost its power together with its node."""
    b = bereaved()
    assert [shot.level for shot in shot_at(b)] == [0]
    b.pass_time(MUTE_LEAD_S + 0.1)
    assert [shot.level for shot in asked(b, Ask.OFF)] == [1]


@pytest.mark.parametrize("first", [0, 1])
def test_any_verified_off_is_the_proof_and_the_other_answer_changes_nothing(first: int) -> None:
    b = bereaved()
    shots = shot_at(b)
    b.pass_time(MUTE_LEAD_S + 0.1)
    shots += asked(b, Ask.OFF)
    b.feed(events.FenceDone(shots[first].op, Power.OFF))
    assert b.state.peer.proof is Proof.FENCED
    proved = b.state.peer
    b.feed(events.FenceDone(shots[1 - first].op, Power.UNKNOWN, "no answer"))
    assert b.state.peer == proved
    assert len(notes(b, "peer-gone")) == 1


def test_two_that_have_failed_prove_nothing() -> None:
    b = bereaved()
    shots = shot_at(b)
    b.pass_time(MUTE_LEAD_S + 0.1)
    for shot in shots + asked(b, Ask.OFF):
        b.feed(events.FenceDone(shot.op, Power.UNKNOWN, "no answer"))
    assert b.state.peer.life is Life.SILENT
    assert b.shop.why


def test_f10_it_is_switched_on_when_no_order_can_hit_it_any_more() -> None:
    b = bereaved()
    shots = shot_at(b)
    b.pass_time(MUTE_LEAD_S + 0.1)
    shots += asked(b, Ask.OFF)
    b.feed(events.FenceDone(shots[1].op, Power.OFF))
    b.finish(actions.Start)
    b.pass_time(b.config.timing.power_on_s + 1)
    assert asked(b, Ask.ON) == []
    b.feed(events.FenceDone(shots[0].op, Power.UNKNOWN, "no answer"))
    b.pass_time(b.config.timing.power_on_s + 1)
    (first,) = asked(b, Ask.ON)
    b.feed(events.FenceDone(first.op, Power.ON))
    b.pass_time(1)
    (second,) = asked(b, Ask.ON)
    assert [first.level, second.level] == [1, 0], "the last one may feed the first"
    b.feed(events.FenceDone(second.op, Power.ON))
    assert b.state.exclusion.cut is None
