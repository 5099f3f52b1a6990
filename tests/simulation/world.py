# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two nodes, their links, disks and fence devices, a client, and the phases of one run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from failoverd.core.config import ServiceConfig

from . import script, setting
from .clock import Clock, Violation
from .contract import CLAIMS_AFTER_HEALING, CUTS_AFTER_HEALING, Contract
from .devices import Fencing
from .drbd import Volume
from .faults import Faults
from .finale import Finale
from .lun import Lun
from .network import Network
from .node import Node
from .setting import NAMES, REPLICATION
from .shared import LockWatch, SharedDisk
from .stateless import Stateless
from .systemd import PRESERVE

LOOK_S = 0.5
BREACHES = ("breach", "core-error", "safe-stop")
STEADY_S = 1.5
"""So long everything has to be well before a phase ends."""


class World:
    """One run: a start, small troubles, chaos, healing, and a last fault to be mastered."""

    def __init__(
        self,
        seed: int,
        faults: script.Script | None = None,
        telling: bool = False,
        preserve: str = PRESERVE,
    ) -> None:
        self.clock = Clock(seed, telling)
        self.setting = replace(setting.draw(seed), preserve=preserve)
        self.script = faults if faults is not None else script.draw(seed)
        self.moments: Counter[str] = Counter()
        services = tuple(service.name for service in self.setting.services)
        self.contract = Contract(self, services)
        self.network = Network(self.clock, self.setting, NAMES)
        locked = tuple(service.name for service in self.setting.services if service.locked)
        self.lun = Lun(self, locked, NAMES)
        self.volumes = {service.name: self._volume(service) for service in self.setting.services}
        self.nodes = {name: Node(self, self.setting.of(name)) for name in NAMES}
        self.pair = tuple(self.nodes.values())
        self.network.receive = {name: node.daemon.receive for name, node in self.nodes.items()}
        self.fencing = Fencing(
            self.clock, self.setting.devices, NAMES, self._power, lambda node: self.nodes[node].on
        )
        self.locks = LockWatch(self)
        self.faults = Faults(self)
        self.rival = False
        self.apart = False
        """The service network is cut between the two nodes, and nowhere else."""
        """A host that is no node has an address of the services (F56)."""
        self._written = 0
        self._well_since: float | None = None

    def _volume(self, service: ServiceConfig) -> Volume:
        if service.locked:
            return SharedDisk(self.clock, service.name, NAMES, self, self.lun)
        kind = Volume if service.replicated else Stateless
        return kind(self.clock, service.name, NAMES, self)

    def run(self) -> None:
        """Raises Violation."""
        if self.setting.newer or self.setting.older:
            self.moments["rolling upgrade"] += 1
        for node in self.pair:
            self.clock.after(self.clock.between(0, 3), node.power_on)
        self._client()
        self._watch()
        self._until_well(self.setting.repair_s, "after a clean start")
        self._calm()
        self.faults.begin(self.script.chaos)
        self.clock.run(self.clock.now + self.script.chaos_s)
        self.faults.heal()
        cuts, claims = self.contract.cuts.total(), self.moments["claim"]
        self._until_well(self.setting.repair_s, "after all faults were healed")
        if self.contract.cuts.total() - cuts > CUTS_AFTER_HEALING:
            raise Violation("LOOP", "the nodes go on fencing each other after healing")
        if self.moments["claim"] - claims > CLAIMS_AFTER_HEALING:
            raise Violation("LIVE", "claims without end")
        self.faults.rest()
        Finale(self).run(self.script.last)

    def _until_well(self, limit_s: float, when: str) -> None:
        self._well_since = None
        if not self.clock.run(self.clock.now + limit_s, self._is_well):
            self.contract.must_be_settled(when)

    def _is_well(self) -> bool:
        return self._well_since is not None and self.clock.now - self._well_since >= STEADY_S

    def _calm(self) -> None:
        """CALM: none of this is a reason to fence, stop or move anything."""
        contract, moments = self.contract, self.moments
        before = (contract.owners(), contract.shots, moments["stop"], moments["takeover"])
        self.faults.begin(self.script.calm)
        self.clock.run(self.clock.now + script.CALM_S)
        after = (contract.owners(), contract.shots, moments["stop"], moments["takeover"])
        if before != after:
            raise Violation("CALM", f"owners, shots, stops, takeovers: {before} became {after}")

    # -- what the nodes and kernels see of the world ----------------------------------------

    def moment(self, code: str, node: Node) -> None:
        """Something is under way: a note, an action, an event of the world."""
        self.moments[code] += 1
        if code in BREACHES and not self._excused(code, node):
            raise Violation("CRASH", f"{node.name} found a breach of its own: {code}")
        self.faults.moment(code, node)

    def _excused(self, code: str, node: Node) -> bool:
        """Something outside of the rules has brought it about."""
        return self.contract.broken_by_hand if code == "breach" else node.daemon.defect

    def kernels_notice(self, quick: bool = False) -> None:
        """Paths or pauses changed."""
        for volume in self.volumes.values():
            volume.poke(quick)

    def replicates(self) -> bool:
        """A TCP connection between the two kernels can live."""
        return all(node.runs for node in self.pair) and self.network.links[REPLICATION].whole

    def ask_handler(self, node: str, volume: Volume) -> None:
        """A kernel has frozen the I/O and runs its fence-peer handler."""
        self.nodes[node].run_handler(volume)

    def disk_changed(self, node: str, volume: Volume) -> None:
        """The state that a kernel shows may have changed."""
        self.nodes[node].disk_changed(volume)

    def io_error(self, node: str, volume: Volume) -> None:
        """The application cannot reach any good disk."""
        self.nodes[node].services.io_error(volume)

    def goes_on_alone(self, node: str, volume: Volume) -> None:
        """A copy will take writes that the other does not get."""
        self.contract.goes_on_alone(node, volume)

    def diverged(self, volume: Volume, why: str) -> None:
        """Only an operator's lie may lead to a split brain."""
        if not self.contract.broken_by_hand:
            raise Violation("S2", f"{volume.name}: split brain, {why}")

    def resyncs(self, node: str, volume: Volume) -> None:
        """A resync has begun."""
        self.moment("resync", self.nodes[node])

    def _power(self, node: str, on: bool) -> None:
        if on:
            self.nodes[node].power_on()
        elif self.nodes[node].on:
            self.nodes[node].cut = True
            self.contract.power_cut(node)
            self.nodes[node].power_off()

    # -- the client and the observer --------------------------------------------------------

    def _client(self) -> None:
        for service, acked in self.contract.acked.items():
            for node in self.pair:
                if node.services.serves(service):
                    self._written += 1
                    if self.volumes[service].write(node.name, self._written):
                        acked.add(self._written)
        self.clock.after(self.clock.between(0.2, 0.8), self._client)

    def _watch(self) -> None:
        self.locks.look()
        if not self.contract.settled():
            self._well_since = None
        elif self._well_since is None:
            self._well_since = self.clock.now
        self.clock.after(LOOK_S, self._watch)
