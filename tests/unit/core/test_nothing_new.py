# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node does when nothing happens: it speaks in time, and notices silence in time."""

from __future__ import annotations

import pytest

from failoverd.core import actions, events
from failoverd.core.change import changed
from failoverd.core.state import Exclusion, Life

from .pair import ALONE, Pair


def test_silence_is_noticed_in_time() -> None:
    b = Pair().running().b
    Pair.see(b, ALONE)
    for _round in range(100):
        b.feed(events.Tick(), 0.01)
        timing = b.config.timing
        if b.now - b.state.peer.last >= timing.suspect_s:
            assert b.state.peer.life is Life.SUSPECT
            return
    raise AssertionError("never suspected")


def test_heartbeats_leave_on_time() -> None:
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
