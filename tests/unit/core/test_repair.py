# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F91: the storage of a service that is down is opened alone on one node, and closed again."""

from __future__ import annotations

import pytest

from failoverd.core import actions, events, placement
from failoverd.core.events import Found, Verb
from failoverd.core.message import Local
from failoverd.core.state import Life, Repair

from .pair import GOOD, Half, Pair

pytestmark = pytest.mark.finding("S31")
REQUEST = 7


def ask(half: Half, verb: Verb, argument: str = "shop") -> None:
    half.feed(events.Command(REQUEST, verb, argument, "eve"))


def reply(half: Half) -> tuple[bool, str]:
    [found] = half.take(actions.Reply)
    assert isinstance(found, actions.Reply) and found.request == REQUEST
    return found.ok, found.text


def failed() -> Pair:
    """It does not start on either node."""
    pair = Pair().running()
    pair.a.feed(events.ResourceFailed("shop", "db", "ended"))
    for _round in range(40):
        for half in (pair.a, pair.b):
            half.finish(actions.Recover, ok=False, reason="no space left")
            half.finish(actions.Stop)
            half.finish(actions.Start, ok=False, reason="no space left")
        pair.talk(1)
    assert pair.a.shop.local is pair.b.shop.local is Local.STOPPED
    assert pair.a.shop.failure and pair.b.shop.failure
    for half in (pair.a, pair.b):
        half.todo = []
    return pair


def opened(pair: Pair) -> Pair:
    ask(pair.b, Verb.OPEN_STORAGE)
    pair.talk(3)
    [start] = pair.b.take(actions.Start)
    assert isinstance(start, actions.Start) and start.repair
    [own] = pair.b.take(actions.Own)
    assert own == actions.Own("shop", True, start.generation, repair=True)
    assert pair.b.shop.rightful
    pair.b.feed(events.OpDone("shop", start.op, True))
    assert reply(pair.b) == (True, "the storage of shop is open on b, for repair")
    pair.talk()
    return pair


def test_it_is_opened_by_leave_of_the_peer_and_nothing_else_is_done_with_it() -> None:
    pair = opened(failed())
    assert pair.b.shop.local is Local.RUNNING
    report = pair.a.state.peer.message.services[0]  # type: ignore[union-attr]
    assert (report.able, report.why) == (False, placement.REPAIRED)
    pair.b.feed(events.ResourceFailed("shop", "mount", "has become read-only"))
    for half in (pair.a, pair.b):
        ask(half, Verb.SWITCHOVER)
        ok, text = reply(half)
        assert not ok and "open alone, for repair" in text
    pair.talk(60)
    for half in (pair.a, pair.b):
        assert not [a for a in half.todo if isinstance(a, actions.Start | actions.Stop)]
        assert not half.take(actions.Recover)


def test_only_one_of_two_that_are_opened_at_once_is() -> None:
    pair = failed()
    for half in (pair.a, pair.b):
        ask(half, Verb.OPEN_STORAGE)
    pair.talk(6)
    starts = [half.take(actions.Start) for half in (pair.a, pair.b)]
    assert sorted(map(len, starts)) == [0, 1]
    loser = pair.a if not starts[0] else pair.b
    pair.talk(1)
    ok, text = reply(loser)
    assert not ok and "is starting" in text
    assert loser.shop.repair is Repair.NONE


def test_it_is_closed_and_the_service_starts() -> None:
    pair = opened(failed())
    ask(pair.a, Verb.CLOSE_STORAGE)
    assert reply(pair.a) == (False, "the storage of shop is open on b: close it there")
    ask(pair.b, Verb.CLOSE_STORAGE)
    pair.b.finish(actions.Stop)
    ok, text = reply(pair.b)
    assert ok and "failures are forgotten" in text
    assert pair.b.shop.repair is Repair.NONE
    pair.talk()
    [start] = pair.b.take(actions.Start)
    assert isinstance(start, actions.Start) and not start.repair


def test_what_cannot_be_opened_says_why() -> None:
    pair = Pair().running()
    for half in (pair.a, pair.b):
        ask(half, Verb.OPEN_STORAGE)
        pair.talk(1)
        ok, text = reply(half)
        assert not ok and "running on a" in text.replace("on a it is running", "running on a")
    ask(pair.a, Verb.OPEN_STORAGE, "nothing")
    assert reply(pair.a)[0] is False
    ask(pair.a, Verb.CLOSE_STORAGE)
    assert "not open for repair" in reply(pair.a)[1]
    pair = failed()
    ask(pair.a, Verb.MAINTENANCE, "on")
    pair.a.take(actions.Reply)
    ask(pair.a, Verb.OPEN_STORAGE)
    assert "maintenance mode is on" in reply(pair.a)[1]


def test_a_silent_peer_gives_no_leave() -> None:
    pair = failed()
    pair.a.pass_time(30.0)
    assert pair.a.state.peer.life is Life.SILENT
    pair.a.take(actions.Fence)
    ask(pair.a, Verb.OPEN_STORAGE)
    pair.a.pass_time(pair.a.state.config.timing.move_s + 5.0)
    ok, text = reply(pair.a)
    assert not ok and "not proven gone" in text
    assert not pair.a.take(actions.Start)


def test_an_open_that_fails_is_undone_and_told() -> None:
    pair = failed()
    ask(pair.a, Verb.OPEN_STORAGE)
    pair.talk(3)
    pair.a.finish(actions.Start, ok=False, reason="the file system is damaged")
    pair.a.finish(actions.Stop)
    ok, text = reply(pair.a)
    assert not ok and "the file system is damaged" in text
    assert (pair.a.shop.local, pair.a.shop.repair) == (Local.STOPPED, Repair.NONE)


def test_a_restarted_daemon_goes_on_with_it_and_a_node_that_leaves_closes_it() -> None:
    pair = opened(failed())
    pair.b = Half("b", "a", 1 << 32 | 33)
    [probe] = pair.b.take(actions.Probe)
    assert isinstance(probe, actions.Probe)
    found = events.Probed("shop", probe.op, Found.RUNNING, True, generation=3, repair=True)
    pair.b.feed(found)
    pair.b.feed(events.DiskChanged("shop", GOOD))
    pair.talk()
    assert (pair.b.shop.local, pair.b.shop.repair) == (Local.RUNNING, Repair.OPEN)
    assert not pair.b.take(actions.Stop) and not pair.b.take(actions.Recover)
    ask(pair.b, Verb.HANDOVER, "")
    assert pair.b.shop.move is None
    pair.b.finish(actions.Stop)
    assert pair.b.shop.repair is Repair.NONE
