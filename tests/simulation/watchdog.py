# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lease lives on in the simulated world: watchdogs, ping targets, answers to ARP probes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from failoverd.core import actions, events
from failoverd.core.message import Reach

from .services import UP

if TYPE_CHECKING:
    from .daemon import Daemon
    from .node import Node

PING_S = 1.0


class Watchdog:
    """A device that resets its node when nobody pets it; no pause of the node stops it (F25)."""

    def __init__(self, node: Node, timeout_s: float) -> None:
        self.node, self.timeout_s = node, timeout_s
        self.count = 0
        """Grows with each pet, so that an older deadline is void."""

    def pet(self) -> None:
        """Opens the device if it is not open yet."""
        if self.node.watchdog_absent:
            return
        self.count += 1
        self.node.clock.after(self.timeout_s, partial(self._bark, self.count, self.node.boot))

    def _bark(self, count: int, boot: int) -> None:
        node = self.node
        if count != self.count or boot != node.boot or not node.on:
            return
        node.clock.tell(f"{node.name}: reset by its watchdog")
        node.world.moment("watchdog reset", node)
        node.reset()


class Lan:
    """The service network as one node's daemon sees it."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon, self.node, self.clock = daemon, daemon.node, daemon.world.clock

    def ping(self) -> None:
        """One round after the other; an answer is told, a missing one is not."""
        node = self.node
        if not node.lan_lost:
            asked_at = node.mono()
            self._later(0.005, partial(self._pong, asked_at))
        self._later(PING_S, self.ping)

    def _pong(self, asked_at: float) -> None:
        if not self.node.lan_lost:
            self.daemon.deliver(events.Reached(Reach.REACHED, asked_at, complete=True))

    def probe(self, action: actions.ProbeAddresses) -> None:
        """ARP requests for every address, twice; whoever has one up answers, if the LAN carries."""
        heard: list[str] = ["a foreign host answers"] if self.node.world.rival else []
        self._later(0.1, partial(self._ask, heard))
        self._later(self.clock.between(0.3, 0.8), partial(self._probed, action, heard))

    def _ask(self, heard: list[str]) -> None:
        node, peer = self.node, self.node.world.nodes[self.node.peer]
        carries = not (node.lan_lost or peer.lan_lost or node.world.apart) and peer.runs
        # People who repair a service have its storage open, and nothing else of it (F91).
        served = peer.services.truth.keys() - peer.services.opened
        if carries and any(peer.services.truth[name] == UP for name in served):
            heard.append(f"{peer.name} answers for its address")

    def _probed(self, action: actions.ProbeAddresses, heard: list[str]) -> None:
        self._ask(heard)
        self.node.world.moments["address answered" if heard else "address silent"] += 1
        self.daemon.deliver(events.AddressesProbed(action.op, heard[0] if heard else ""))

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self.daemon.later(seconds, seconds, what)
