# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that the configuration names no more: stopped where it runs, started nowhere (F79)."""

from __future__ import annotations

import pytest

from failoverd.core import actions, events
from failoverd.core.config import ServiceConfig
from failoverd.core.events import Command, Found, Verb
from failoverd.core.message import Local

from .pair import ALONE, Half, Pair, notes, said, shots

pytestmark = pytest.mark.finding("S29")
BOTH = (ServiceConfig("shop", preferred="a"), ServiceConfig("mail", preferred="a"))
GOING = (ServiceConfig("shop", preferred="a"), ServiceConfig("mail", preferred="a", retired=True))


def mail(half: Half) -> Local:
    service = half.state.service("mail")
    assert service is not None
    return service.local


def ordered(half: Half, kind: type) -> list[str]:
    """The services of the orders of a kind, which are removed from what waits."""
    return [order.service for order in half.take(kind) if hasattr(order, "service")]


def running(services: tuple[ServiceConfig, ...]) -> Pair:
    """a runs everything by the configuration before; its daemon begins anew with this one."""
    pair = Pair(services=BOTH)
    pair.talk()
    for half in (pair.a, pair.b):
        half.settle()
    pair.talk()
    pair.a.finish(actions.Start)
    pair.talk()
    now = pair.a.now
    pair.a = Half("a", "b", 2 << 32 | 11, services=services)
    pair.a.now = now
    pair.a.settle(found=Found.RUNNING, mine=True)
    pair.talk()
    return pair


def test_it_is_stopped_and_nothing_else_is_touched() -> None:
    pair = running(GOING)
    stops = ordered(pair.a, actions.Stop)
    assert stops == ["mail"]
    assert pair.a.shop.local is Local.RUNNING
    assert "mail is not in the configuration any more: it is stopped" in notes(pair.a, "retired")


def test_once_stopped_it_starts_on_neither_node_though_the_peer_has_not_read_it_yet() -> None:
    pair = running(GOING)
    pair.a.finish(actions.Stop)
    pair.talk(30)
    assert (mail(pair.a), mail(pair.b)) == (Local.STOPPED, Local.STOPPED)
    assert not pair.a.take(actions.Start) and not pair.b.take(actions.Start)
    report = next(r for r in said(pair.a).services if r.name == "mail")
    assert (report.able, report.why, report.grant) == (False, "it is being removed", None)
    assert not shots(pair.a) and not shots(pair.b)


def test_the_node_without_it_does_not_start_it_when_the_peer_is_gone() -> None:
    half = Half("a", "b", 1 << 32 | 11, services=GOING)
    half.settle(disk=ALONE)
    half.pass_time(30)
    half.feed(Command(1, Verb.CONFIRM_FENCED, "b", "root"))
    half.pass_time(5)
    assert ordered(half, actions.Start) == ["shop"]


def test_maintenance_keeps_it_until_it_ends() -> None:
    pair = Pair(services=BOTH)
    pair.talk()
    half = Half("a", "b", 2 << 32 | 11, services=GOING)
    half.feed(Command(1, Verb.MAINTENANCE, "on", "root"))
    half.settle(found=Found.RUNNING, mine=True)
    half.pass_time(3)
    assert not half.take(actions.Stop) and mail(half) is Local.RUNNING
    half.feed(Command(2, Verb.MAINTENANCE, "off", "root"))
    half.settle(found=Found.RUNNING, mine=True)
    half.feed(events.Tick(), 0.2)
    assert ordered(half, actions.Stop) == ["mail"]


def test_a_stop_that_fails_is_told_as_for_every_service() -> None:
    pair = running(GOING)
    pair.a.finish(actions.Stop, ok=False)
    assert mail(pair.a) is Local.BROKEN
