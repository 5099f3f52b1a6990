# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what a core believes and says with the truth, where the harm would come much later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failoverd.core.events import OpDone
from failoverd.core.message import Local, Message
from failoverd.core.state import Life, State

from .clock import Violation
from .services import DOWN

if TYPE_CHECKING:
    from .node import Node

SLOW_CLOCK = 0.99
"""No clock of the world is slower than that."""


class Witness:
    """Raises Violation at the first false belief."""

    def __init__(self) -> None:
        self._failed: dict[tuple[str, str], tuple[int, float]] = {}
        """Of (node, service): the life of the daemon in which a start failed, and when."""

    def believes(self, node: Node, before: State, after: State, now: float) -> None:
        """After every step. now: the node's own clock."""
        peer = after.peer
        if peer.life is Life.ALIVE and not after.defect:
            silent_s, timing = now - peer.last, after.config.timing
            # A tick is due then; what comes just before it may leave the silence to it.
            if silent_s >= timing.suspect_s + timing.heartbeat_s + node.daemon.lag:
                raise Violation("LIVE", f"{node.name} overlooks a silence of {silent_s:.2f} s")
        if after.services is before.services:
            return
        for service in after.services:
            stopped = service.local is Local.STOPPED
            if stopped and node.services.truth[service.name] != DOWN:
                raise Violation("S1", f"{node.name} calls {service.name} stopped, and it is not")

    def hears(self, node: Node, message: Message, sent: float, was: State, now: State) -> None:
        """F18, F19: words that are older than what is known are no sign of life."""
        for old, new in zip(was.services, now.services, strict=True):
            # What the operator typed on the other node arrives only now (S33).
            if new.cleared != old.cleared:
                self._failed.pop((node.name, new.name), None)
        if now.peer.last <= was.peer.last:
            return
        if sent < node.daemon.born:
            raise Violation("F19", f"{node.name} believes words that are older than its own life")
        if message.incarnation < was.peer.greeted:
            raise Violation("F18", f"{node.name} believes words of a life that was followed by one")

    # -- F48, F49: what failed here is not started here again -------------------------------

    def ended(self, node: Node, state: State, event: OpDone) -> None:
        """A start failed, and the core is told so.

        One that a stop has overtaken is nobody's failure: it might have come up yet.
        """
        for service in state.services:
            awaited = service.name == event.service and service.op == event.op
            if awaited and service.local is Local.STARTING and not event.ok:
                self._failed[node.name, service.name] = (node.daemon.life, node.clock.now)

    def cleared(self) -> None:
        """An operator says that it may be tried again, on both nodes."""
        self._failed.clear()

    def starts(self, node: Node, service: str) -> None:
        """LOOP: a failure is remembered as long as the configuration says."""
        life, at = self._failed.get((node.name, service), (-1, 0.0))
        for_s = node.daemon.config.timing.failure_expiry_s * SLOW_CLOCK
        if life == node.daemon.life and node.clock.now < at + for_s:
            raise Violation("LOOP", f"{service} failed on {node.name} and is started there again")
