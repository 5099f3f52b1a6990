# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two nodes, their links, disks and fence devices, a client, and the contract that is checked."""

from __future__ import annotations

from failoverd.core.config import CoreConfig, ServiceConfig, Timing

from .clock import Clock, Violation
from .devices import Device, Fencing
from .drbd import Volume
from .faults import Faults
from .network import Network
from .node import DOWN, UP, Node

LINKS = ("lan", "cross", "serial")
NAMES = ("node1", "node2")
QUIET_S = 240.0


class World:
    """One run: build, break, heal. S1 and S2 are checked at every moment, L1 at the end."""

    def __init__(self, seed: int, services: tuple[str, ...] = ("shop",)) -> None:
        self.clock = Clock(seed)
        self.steps = 0
        self.notes: dict[str, int] = {}
        self.asked: dict[str, int] = {}
        self.acked: dict[str, set[int]] = {name: set() for name in services}
        self.network = Network(self.clock, LINKS)
        self.unreachable: set[str] = set()
        timing = Timing()
        configured = tuple(
            ServiceConfig(name, preferred=NAMES[i % 2]) for i, name in enumerate(services)
        )
        self.nodes = {
            name: Node(
                self,
                CoreConfig("sim", name, peer, LINKS, configured, ("bmc",), timing=timing),
            )
            for name, peer in (NAMES, NAMES[::-1])
        }
        self.volumes = {
            name: Volume(
                self.clock,
                name,
                NAMES,
                self._replicates,
                lambda node, service: self.nodes[node].kernel_asks(service),
                lambda node, service: self.nodes[node].disk_changed(service),
            )
            for name in services
        }
        self.fencing = Fencing(self.clock, self._power, lambda node: self.nodes[node].on)
        self.fencing.devices = {name: Device(name) for name in NAMES}
        self.faults = Faults(self)
        self._written = 0

    def run(self, chaos_s: float = 120.0) -> None:
        """Boot, a quiet start, faults, healing, quiet; raises Violation."""
        for node in self.nodes.values():
            self.clock.after(self.clock.between(0, 5), node.power_on)
        self._client()
        self.clock.run(40.0, self.check)
        self._must_serve("after a clean start")
        self.faults.begin(chaos_s)
        self.clock.run(40.0 + chaos_s, self.check)
        self.faults.heal()
        self.clock.run(40.0 + chaos_s + QUIET_S, self.check)
        self._must_serve("after all faults were healed")

    # -- what the nodes and kernels see of the world ----------------------------------------

    def reaches_device(self, node: str) -> bool:
        """The node can talk to its peer's fence device."""
        return node not in self.unreachable

    def kernels_changed(self) -> None:
        """Paths, power or pauses changed: DRBD will notice."""
        for volume in self.volumes.values():
            volume.poke()

    def critical(self, node: Node) -> None:
        """A takeover, handshake or fence has just begun: a good moment for a fault."""
        self.faults.bias(node)

    def promoted(self, node: str, service: str) -> None:
        """S2, at the moment the disk is opened for writing."""
        missing = self.acked[service] - self.volumes[service].sides[node].writes
        if missing:
            raise Violation(
                f"S2: {node} starts {service} without {len(missing)} acknowledged writes"
            )

    def check(self) -> None:
        """S1, after everything that happens."""
        for service in self.acked:
            active = [n.name for n in self.nodes.values() if n.on and n.truth[service] != DOWN]
            if len(active) > 1:
                raise Violation(f"S1: {service} is active on {' and '.join(active)}")

    def _must_serve(self, when: str) -> None:
        for service in self.acked:
            if not any(n.on and n.truth[service] == UP for n in self.nodes.values()):
                raise Violation(f"L1: {service} runs nowhere {when}")
            for volume in self.volumes.values():
                primary = [s for s in volume.sides.values() if s.role == "Primary"]
                if primary and primary[0].suspended:
                    raise Violation(f"L1: I/O of {volume.name} is frozen {when}")

    def _replicates(self) -> bool:
        alive = all(n.on and n.frozen_since is None for n in self.nodes.values())
        return alive and self.network.links["cross"].whole()

    def _power(self, node: str, on: bool) -> None:
        self.clock.tell(f"power of {node} {'on' if on else 'off'}")
        if on:
            self.nodes[node].power_on()
        else:
            self.nodes[node].power_off()

    def _client(self) -> None:
        for service, acked in self.acked.items():
            for node in self.nodes.values():
                serves = node.on and node.frozen_since is None and node.truth[service] == UP
                if serves:
                    self._written += 1
                    if self.volumes[service].write(node.name, self._written):
                        acked.add(self._written)
        self.clock.after(self.clock.between(0.2, 0.6), self._client)
