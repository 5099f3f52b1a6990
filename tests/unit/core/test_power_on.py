# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fenced node is restarted as off, verified, on; the last step proves nothing (F10)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core import actions, events
from failoverd.core.actions import Ask, Level
from failoverd.core.events import Power
from failoverd.core.message import Local
from failoverd.core.state import Life, Proof

from .halves import ALONE, Half, Pair, shots

LONG_S = 30.0


def bereaved(power_on: bool = True) -> Half:
    """The standby of an owner that was just lost."""
    b = Pair().running().b
    b.config = replace(b.config, power_on=power_on)
    b.state = replace(b.state, config=b.config)
    Pair.see(b, ALONE)
    return b


def fenced(b: Half, level: int = 0) -> None:
    """The peer is switched off by that level, those before it fail."""
    while b.state.peer.life is not Life.GONE:
        b.pass_time(1)
        for order in b.take(actions.Fence):
            assert isinstance(order, actions.Fence)
            done = order.ask is Ask.OFF and order.level == level
            b.feed(events.FenceDone(order.op, Power.OFF if done else Power.UNKNOWN))


def test_the_device_that_switched_it_off_switches_it_on() -> None:
    b = bereaved()
    fenced(b, level=1)
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    assert [(order.ask, order.level) for order in shots(b)] == [(Ask.ON, 1)]


def test_not_while_the_service_is_still_starting() -> None:
    b = bereaved()
    fenced(b)
    b.pass_time(LONG_S)
    assert b.shop.local is Local.STARTING
    assert shots(b) == []


@pytest.mark.parametrize("answer", [Power.UNKNOWN, Power.OFF])
def test_a_node_that_does_not_come_on_again_stays_proven_gone_and_is_told(answer: Power) -> None:
    b = bereaved()
    fenced(b)
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    b.take(actions.Note)
    assert [order.ask for order in b.fence_answers(answer)] == [Ask.ON]
    [told] = [a for a in b.take(actions.Note) if isinstance(a, actions.Note)]
    assert (told.code, told.level) == ("power-on", Level.ALERT)
    b.pass_time(LONG_S)
    assert (b.state.peer.life, b.state.peer.proof) == (Life.GONE, Proof.FENCED)
    assert b.shop.local is Local.RUNNING
    assert shots(b) == [], "neither shot nor switched on again and again"


def test_one_that_comes_on_is_no_alert() -> None:
    b = bereaved()
    fenced(b)
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    b.take(actions.Note)
    b.fence_answers(Power.ON)
    [told] = [a for a in b.take(actions.Note) if isinstance(a, actions.Note)]
    assert (told.code, told.level) == ("power-on", Level.INFO)


def test_it_stays_off_where_the_configuration_says_so() -> None:
    b = bereaved(power_on=False)
    fenced(b)
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    assert shots(b) == []


def test_one_that_was_found_off_is_left_off() -> None:
    b = bereaved()
    b.pass_time(1)
    assert [order.ask for order in b.fence_answers(Power.OFF)] == [Ask.STATUS]
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    assert b.state.peer.proof is Proof.FOUND_OFF
    assert shots(b) == []
