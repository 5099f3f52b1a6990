# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats that say nothing new cost next to nothing, and nothing is missed by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core import actions, calm, events
from failoverd.core.change import changed
from failoverd.core.state import Exclusion, Life

from .pair import ALONE, Pair, said


def test_a_repeated_heartbeat_is_taken_in_without_asking_the_rules() -> None:
    a = Pair().running().a
    message = said(Pair().running().b)
    message = replace(message, sequence=message.sequence + 1)
    assert calm.nothing_new(a.state, events.Heard("lan", message), a.now) is not None
    news = replace(message.services[0], able=False)
    told = events.Heard("lan", replace(message, services=(news,)))
    assert calm.nothing_new(a.state, told, a.now) is None


def test_silence_is_noticed_in_time_although_the_rules_rest() -> None:
    b = Pair().running().b
    Pair.see(b, ALONE)
    for _round in range(100):
        b.feed(events.Tick(), 0.01)
        timing = b.config.timing
        if b.now - b.state.peer.last >= timing.suspect_s:
            assert b.state.peer.life is Life.SUSPECT
            return
    raise AssertionError("never suspected")


def test_heartbeats_leave_on_time_while_the_rules_rest() -> None:
    a = Pair().running().a
    sent = 0
    for _round in range(70):
        a.feed(events.Tick(), 0.01)
        sent += len(a.take(actions.Send))
    assert sent == 3


def test_a_changed_copy_refuses_a_field_that_does_not_exist() -> None:
    assert changed(Exclusion(), tries=3) == Exclusion(tries=3)
    with pytest.raises(TypeError, match="Exclusion has no field trise"):
        changed(Exclusion(), trise=3)
