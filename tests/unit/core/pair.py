# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two cores that talk over a perfect wire: the smallest world for tests of single rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from failoverd.core import actions, events
from failoverd.core.config import CoreConfig, ServiceConfig
from failoverd.core.events import Disk, Found, Power
from failoverd.core.message import Local, Message
from failoverd.core.state import Service, State
from failoverd.core.step import begin, step

GOOD = Disk("Secondary", "UpToDate", "Secondary", "UpToDate", "Connected")
ALONE = Disk("Secondary", "UpToDate", "Unknown", "DUnknown", "WFConnection")


DEFECTS = ("core-error", "safe-stop", "breach")
"""Notes that say that a rule is wrong."""


class Half:
    """One node: its state, and the actions that wait to be looked at."""

    def __init__(
        self,
        node: str,
        peer: str,
        incarnation: int,
        preferred: str = "a",
        services: tuple[ServiceConfig, ...] = (),
        **policy: Any,
    ) -> None:
        services = services or (ServiceConfig("shop", preferred=preferred, **policy),)
        self.config = CoreConfig("c", node, peer, ("lan", "cross"), services, ("bmc", "pdu"))
        self.now = 100.0
        self.state: State
        self.state, todo = begin(self.config, incarnation, self.now)
        self.todo: list[actions.Action] = list(todo)
        self.may_break = False
        """Whether a rule that breaks down is what the test is about."""

    @property
    def shop(self) -> Service:
        return self.state.services[0]

    def feed(self, event: events.Event, after: float = 0.0) -> list[actions.Action]:
        """One step; returns and keeps its actions."""
        self.now += after
        self.state, todo = step(self.state, event, self.now)
        defects = [a for a in todo if isinstance(a, actions.Note) and a.code in DEFECTS]
        assert self.may_break or not defects
        self.todo.extend(todo)
        return list(todo)

    def pass_time(self, seconds: float) -> None:
        """Silence, tick by tick."""
        for _round in range(round(seconds / 0.1)):
            self.feed(events.Tick(), 0.1)

    def take(self, kind: type) -> list[actions.Action]:
        """Remove and return the waiting actions of a kind."""
        found = [a for a in self.todo if isinstance(a, kind)]
        self.todo = [a for a in self.todo if not isinstance(a, kind)]
        return found

    def settle(self, disk: Disk = GOOD, found: Found = Found.STOPPED, mine: bool = False) -> None:
        """Answer the probe and say what the disk is."""
        for probe in self.take(actions.Probe):
            assert isinstance(probe, actions.Probe)
            self.feed(events.Probed(probe.service, probe.op, found, mine))
        for service in self.state.services:
            self.feed(events.DiskChanged(service.name, disk))

    def finish(self, kind: type, ok: bool = True, reason: str = "broke") -> None:
        """The ordered start, stop or recovery ends. reason: of one that does not end well."""
        for order in self.take(kind):
            assert isinstance(order, actions.Start | actions.Stop | actions.Recover)
            self.feed(events.OpDone(order.service, order.op, ok, "" if ok else reason))

    def fence_answers(self, power: Power) -> list[actions.Fence]:
        """Every waiting fence request is answered like this."""
        orders = [o for o in self.take(actions.Fence) if isinstance(o, actions.Fence)]
        for order in orders:
            self.feed(events.FenceDone(order.op, power))
        return orders


class Pair:
    """Nodes a and b; a is preferred."""

    def __init__(self, **policy: Any) -> None:
        self.a = Half("a", "b", 1 << 32 | 11, **policy)
        self.b = Half("b", "a", 1 << 32 | 22, **policy)

    def talk(self, rounds: int = 6, links: tuple[str, ...] = ("lan", "cross")) -> None:
        """Exchange everything said, a few times, with a heartbeat in between."""
        for _round in range(rounds):
            for half in (self.a, self.b):
                half.feed(events.Tick(), 0.2)
            for source, target in ((self.a, self.b), (self.b, self.a)):
                for send in source.take(actions.Send):
                    assert isinstance(send, actions.Send)
                    for link in links:
                        target.feed(events.Heard(link, send.message))

    def running(self) -> Pair:
        """a runs shop, b stands by."""
        self.talk()
        for half in (self.a, self.b):
            half.settle()
        self.talk()
        self.a.finish(actions.Start)
        self.see(self.a, replace(GOOD, role="Primary"))
        self.see(self.b, replace(GOOD, peer_role="Primary"))
        self.talk()
        assert self.a.shop.local is Local.RUNNING
        assert self.b.shop.local is Local.STOPPED
        for half in (self.a, self.b):
            half.todo.clear()
        return self

    def moved(self, source: Half, target: Half) -> None:
        """The move that source has begun is carried through."""
        source.finish(actions.Stop)
        self.talk()
        target.finish(actions.Start)
        self.see(target, replace(GOOD, role="Primary"))
        self.see(source, replace(GOOD, peer_role="Primary"))
        self.talk()
        assert target.shop.local is Local.RUNNING
        assert source.shop.local is Local.STOPPED

    @staticmethod
    def see(half: Half, disk: Disk) -> None:
        """The kernel of that node reports this."""
        half.feed(events.DiskChanged("shop", disk))


def said(half: Half) -> Message:
    """What it said last."""
    assert half.state.said is not None
    return half.state.said


def notes(half: Half, code: str) -> list[str]:
    """What was told under that code, removed from what waits."""
    found = [a for a in half.todo if isinstance(a, actions.Note) and a.code == code]
    half.todo = [a for a in half.todo if a not in found]
    return [note.text for note in found]


def replies(half: Half) -> list[bool]:
    """How the commands were answered, removed from what waits."""
    return [a.ok for a in half.take(actions.Reply) if isinstance(a, actions.Reply)]


def shots(half: Half) -> list[actions.Fence]:
    """Orders that switch the peer off or on."""
    fences = [a for a in half.todo if isinstance(a, actions.Fence)]
    return [fence for fence in fences if fence.ask is not actions.Ask.STATUS]
