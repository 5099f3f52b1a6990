# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One last fault in a world that is well again: nothing of the chaos may have left a trace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from failoverd.core.events import SpaceUsed, Verb
from failoverd.core.message import REORDER, Local
from failoverd.core.state import Life

from .clock import Violation
from .fault import Fault
from .services import HURRIED_S
from .setting import (
    BOOT_S,
    DEVICE_TIMEOUT_S,
    FAILBACK_S,
    LOCK_S,
    REPLICATION,
    START_TIMEOUT_S,
)
from .split_brain import SplitBrain

if TYPE_CHECKING:
    from .node import Node
    from .world import World

STOP_S = 4.0
"""Longer than a stop of services that are well."""
MOVE_S = 12.0
"""A planned move of services that stop and start in a few seconds."""
KNOWN_S = 6.0
"""After so long each node knows that the other has lost the network, too."""


class Finale:
    """Each kind has its own promise (L1, LOOP)."""

    def __init__(self, world: World) -> None:
        self.world, self.clock, self.contract = world, world.clock, world.contract
        self.first = next(iter(world.volumes))
        self.owner = self._owner()
        self.other = world.nodes[self.owner.peer]
        self.cuts = self.contract.cuts.copy()
        self.move_s = MOVE_S + world.setting.late_s

    def _owner(self) -> Node:
        node = self.contract.serving(self.first)
        if node is None:
            raise Violation("L1", f"{self.first} is not served when all was well")
        return node

    def run(self, kind: str) -> None:
        """Play it and check its promise."""
        self.clock.tell(f"FINALE {kind}, {self.first} is on {self.owner.name}")
        leased = "lease " if self.world.setting.leased else ""
        self.world.moments[f"{leased}finale {kind}"] += 1
        self.world.moment(f"finale {kind}", self.owner)
        getattr(self, f"_{kind}")()
        cut = self.contract.cuts - self.cuts
        if cut.total() > 1:
            raise Violation("LOOP", f"power cuts for one fault ({kind}): {dict(cut)}")

    def _pass(self, seconds: float) -> None:
        self.clock.run(self.clock.now + seconds)

    def _owner_dies(self) -> None:
        """F01; F34: where a device proves it, it is not waited for the kernels to notice."""
        setting = self.world.setting
        proved = setting.devices and not setting.watched
        for volume in self.world.volumes.values():
            volume.blind_s = 2 * setting.takeover_s if proved and volume.mirrored else 0.0
        self.owner.power_off()
        self._pass(setting.takeover_s)
        for volume in self.world.volumes.values():
            volume.blind_s = 0.0
        self._served_by(self.other)

    def _owner_freezes(self) -> None:
        """F25, F83: by the next device if the first is dead; F10: and it is switched on again."""
        setting = self.world.setting
        devices = self.world.fencing.of(self.owner.name)
        if len(devices) > 1:
            devices[0].mood = "dead"
            self._pass(1.0)
        self.owner.freeze(clock_stops=False)
        self._pass(setting.excluded_s)
        goes_home = any(service.failback for service in setting.services)
        if goes_home:  # it may be back where it was already (F10)
            self._pass(2 * FAILBACK_S + setting.timing.move_s)
        if goes_home or setting.watched:  # its watchdog may have been the first (F02)
            for _second in range(round(setting.timing.move_s)):  # on its way home just now?
                if all(self.contract.serving(name) for name in self.world.volumes):
                    break
                self._pass(1.0)
            self.contract.must_serve("after the owner has frozen")
            return
        self._served_by(self.other)
        if len(devices) == 1:
            self._pass(setting.timing.power_on_s + BOOT_S[1])
            if not self.owner.on:
                raise Violation("L1", f"{self.owner.name} was fenced and is left switched off")

    def _owner_held_back(self) -> None:
        """F81: it freezes, and its last words come one by one, each just before it is silent."""
        timing, network = self.world.setting.timing, self.world.network
        network.hold_back(network.links["lan"], self.owner.name, 0.9 * timing.dead_s)
        self._pass((REORDER + 4) * timing.heartbeat_s)
        self._owner_freezes()

    def _owner_haunts(self) -> None:
        """F18, F19: it is dead, but its last words are repeated, also to a new life of its peer."""
        if self.world.setting.lease is not None or self.world.setting.alone:
            return  # the new life below cannot know whether the owner went on without it
        self.owner.power_off()
        self._repeat()
        self._pass(1.0)
        self.other.daemon.kill(0.1)
        self._pass(self.world.setting.timing.startup_s + self.world.setting.takeover_s)
        self._served_by(self.other)

    def _owner_echoes(self) -> None:
        """F18: the same, and its peer still is the one that it spoke to."""
        self.owner.power_off()
        self._repeat()
        self._pass(self.world.setting.takeover_s)
        self._served_by(self.other)

    def _repeat(self) -> None:
        self.world.network.repeat(self.owner.name)
        self.clock.after(self.world.setting.timing.heartbeat_s, self._repeat)

    def _replication_lost(self) -> None:
        """F13, F36: the handler is killed; the owner goes on all the same, nobody is fenced."""
        killed = Fault("kill_handlers", self.owner.name, 0.0).on("frozen", 0.0)
        self.world.faults.begin((killed,))
        self.world.network.links[REPLICATION].cut.update(self.world.nodes)
        self.world.kernels_notice()
        self._pass(self.world.setting.takeover_s)
        self._served_by(self.owner, services=(self.first,))
        self._nobody_cut()

    def _paused_alone(self) -> None:
        """F26: the only one with good data was paused: old silence is no reason to shoot."""
        if self.world.setting.shared:
            self._lock_stolen()
            return
        self.world.network.links[REPLICATION].cut.update(self.world.nodes)
        self.world.kernels_notice()
        self._pass(self.world.setting.takeover_s)
        timing, lease = self.world.setting.timing, self.world.setting.lease
        self.owner.daemon.stall()
        # Shorter than its watchdog is patient, which was petted a while ago.
        still_s = min(timing.dead_s * 1.5, 0.75 * lease.watchdog_s if lease else 60.0)
        mirrored = all(volume.mirrored for volume in self.world.volumes.values())
        if not mirrored or self.other.name in self.contract.owners().values():
            # What has no data could be taken over, and who owns something excludes whoever is
            # silent: the peer has a reason to shoot in the end (seed 9929).
            patient_s = timing.dead_s + timing.fence_delay_s - 2 * timing.heartbeat_s
            still_s = min(still_s, patient_s)
        self._pass(still_s)
        self.owner.daemon.go_on()
        self._pass(timing.dead_s + DEVICE_TIMEOUT_S)
        self._served_by(self.owner, services=(self.first,))
        self._nobody_cut()

    def _standby_dies(self) -> None:
        """F06: the address does not move."""
        self.other.power_off()
        self._pass(self.world.setting.takeover_s)
        self._served_by(self.owner)

    def _split(self, *, race: bool = True) -> None:
        """F14, F15: the owner has the head start; two mutual owners have one between them.

        The service network may be cut like the links: each node reaches its ping targets, and the
        addresses of the other are silent.
        """
        if self.world.setting.lease is None:
            self.world.apart = self.clock.chance(0.5)
        for link in self.world.network.links.values():
            link.cut.update(self.world.nodes)
        self.world.kernels_notice()
        self._pass(self.world.setting.takeover_s)
        self.contract.must_serve("after a split")
        owners = set(self.contract.owners().values())
        if self.world.setting.alone:
            self._served_by(self.owner, services=(self.first,))
            self._nobody_cut()
            return
        if len(owners) != 1 or self.contract.cuts.total() - self.cuts.total() != 1:
            raise Violation("LOOP", f"a split left {owners}, cuts {self.contract.cuts}")
        if race and len(self.world.volumes) == 1 and owners != {self.owner.name}:
            raise Violation("LOOP", f"{self.owner.name} owned it and lost the race")

    def _cut_off(self) -> None:
        """F14, F15: the owner alone has lost everything: it is the one that is shot."""
        for link in self.world.network.links.values():
            link.cut.update(self.world.nodes)
        self.world.kernels_notice()
        self.owner.lan(lost=True)
        self._pass(self.world.setting.excluded_s)
        self._served_by(self.other)
        cut = self.contract.cuts - self.cuts
        if dict(cut) != {self.owner.name: 1}:
            raise Violation("LOOP", f"{self.owner.name} alone was cut off, cuts {dict(cut)}")

    def _all_dark(self) -> None:
        """F14, F15: the service network is dead for both: the owner has the head start.

        If its links die in the same moment, the owner may have begun a move to a peer of which it
        has not heard yet that it lost the network, too.
        """
        for node in self.world.pair:
            node.lan(lost=True)
        known = self.clock.chance(0.5)
        if known:
            self._pass(KNOWN_S)
            self._served_by(self.owner)
        self._split(race=known)

    def _forsaken(self) -> None:
        """F25: an owner without any contact stops in order, before its watchdog would reset it."""
        lease, setting = self.world.setting.lease, self.world.setting
        decide = setting.witness and len(self.world.volumes) == 1 and not setting.watched
        if lease is None and decide:
            self._cut_off() if self.clock.chance(0.5) else self._all_dark()
            return
        if lease is None or not self.world.setting.leased:
            self._split()
            return
        boot = self.owner.boot
        for link in self.world.network.links.values():
            link.cut.update(self.world.nodes)
        self.world.kernels_notice()
        self.owner.lan(lost=True)
        self._pass(lease.lease_s / 2 + STOP_S)
        if not self.owner.idle or self.owner.boot != boot:
            raise Violation("L1", f"{self.owner.name} has not stopped half a lease after contact")
        self._pass(self.world.setting.takeover_s)
        self._served_by(self.other)

    def _diverged(self) -> None:
        """F39."""
        if self.world.setting.shared:
            self._path_lost()
            return
        if self.world.setting.lease is not None:
            self._split()
            return
        SplitBrain(self.world, self.first, self.owner, self.other).run(self.move_s)

    def _deaf(self) -> None:
        """F12: no heartbeat passes, but the kernels talk to each other: nobody is dead."""
        if self.world.setting.shared:
            self._path_too_slow()  # no kernel talks to another here
            return
        for link in self.world.network.links.values():
            link.blocked = True
        self._pass(self.world.setting.takeover_s)
        self._served_by(self.owner, services=(self.first,))
        self._nobody_cut()

    def _lied_to(self) -> None:
        """F12: a device calls the owner off; a kernel that answers is believed more."""
        if self.world.setting.shared:
            self._lock_stolen()
            return
        if not all(volume.mirrored for volume in self.world.volumes.values()):
            self._deaf()  # without a replicated disk no kernel can contradict the device
            return
        self.world.contract.lied = True
        for device in self.world.fencing.of(self.owner.name):
            device.mood = "lies"
        took = self.world.moments["takeover"]
        self._deaf()
        if self.world.moments["takeover"] != took:
            raise Violation("S1", "a service is taken over whose disk answers as Primary")

    def _application_hangs(self) -> None:
        """F51: what does not answer is not waited for; it runs again, here or there."""
        beat_s = self.world.setting.timing.heartbeat_s
        self.owner.services.hang_part(self.first)
        self._pass(HURRIED_S + STOP_S + 1.0 + 3 * beat_s + self.world.setting.late_s)
        self.contract.must_serve("after an application has hung")
        self._nobody_cut()

    def _disk_hangs(self) -> None:
        """F44: on the standby it is no place to move to; from the owner the service goes."""
        setting, volume = self.world.setting, self.world.volumes[self.first]
        if not volume.mirrored or not setting.devices:
            self._switchover()  # without a fence device the disk that hangs cannot be outdated
            return
        self._hang(self.other)
        self.owner.daemon.command(Verb.SWITCHOVER, self.first)
        self._pass(self.move_s)
        self._served_by(self.owner, services=(self.first,))
        self._nobody_cut()
        volume.sides[self.other.name].hangs = False
        self.other.daemon.disks_tried()
        self._pass(2.0)
        self._hang(self.owner)
        self._pass(setting.limits.stop_s + setting.takeover_s)
        self._served_by(self.other, services=(self.first,))

    def _disk_full(self) -> None:
        """F91: whoever stops it now cannot start it again; it is moved once there is room."""
        volume, owner = self.world.volumes[self.first], self.owner
        volume.full = True
        owner.daemon.deliver(SpaceUsed(self.first, 100, 0, f"/srv/{self.first}"))
        for node in (self.other, self.owner):  # the first has not been told yet
            node.daemon.command(Verb.SWITCHOVER, self.first, self.other.name)
        self._pass(self.move_s)
        self._served_by(owner, services=(self.first,))
        self._nobody_cut()
        volume.full = False
        owner.daemon.deliver(SpaceUsed(self.first, 60, 1 << 30, f"/srv/{self.first}"))
        self._pass(2 * self.world.setting.timing.heartbeat_s)
        self._switchover()

    def _hang(self, node: Node) -> None:
        self.world.volumes[self.first].sides[node.name].hangs = True
        self._pass(3.0)
        node.daemon.disks_tried()
        self._pass(2 * self.world.setting.timing.heartbeat_s)

    def _lock_stolen(self) -> None:
        """F64: the owner resets itself at once; whoever stole it does not count it up."""
        boot, disk_s = self.owner.boot, self.world.setting.disk_s
        for _round in range(5):  # a renewal that was under way may have overwritten it
            self._fault("lock_stolen", 0.0)
            self._pass(0.1 + 3 * disk_s)
            if self.world.lun.record(self.first).owner != self.owner.name:
                break
        self._pass(2 * self.world.setting.locks.renew_s + 0.5 + 8 * disk_s)
        if self.owner.boot == boot:
            raise Violation("F64", f"{self.owner.name} goes on without its lock")
        self._served_in_time()

    def _path_lost(self) -> None:
        """F65: the owner does not reach its disk any more; the other does."""
        boot = self.owner.boot
        self._fault("path_lost", 4 * self.world.setting.takeover_s)
        self._pass(self.world.setting.locks.lease_s + 0.5)
        if self.owner.boot == boot:
            raise Violation("F65", f"{self.owner.name} goes on without its disk")
        self._served_in_time()

    def _path_too_slow(self) -> None:
        """F65: where no lock can be kept, each owner resets itself, and nobody after it."""
        setting, pair = self.world.setting, self.world.pair
        owners = {node for node in self.contract.owners().values() if node}
        boots = sum(node.boot for node in pair)
        for path in self.world.lun.paths.values():
            path.always_s = 0.25 * setting.locks.lease_s
        self._pass(setting.takeover_s + 2 * LOCK_S)
        cuts = (self.contract.cuts - self.cuts).total()
        resets = sum(node.boot for node in pair) - boots - cuts
        if resets > len(owners):
            raise Violation("LOOP", f"{resets} self resets for a disk that is slow")
        for path in self.world.lun.paths.values():
            path.always_s = setting.disk_s
        self.world.faults.begin(tuple(Fault("clear", node.name, 0.0) for node in pair))
        self._pass(setting.takeover_s + LOCK_S + START_TIMEOUT_S)
        self.contract.must_serve("after the disk was slow")

    def _fault(self, kind: str, lasts: float) -> None:
        self.world.faults.begin((Fault(kind, self.owner.name, 0.0, lasts),))

    def _served_in_time(self) -> None:
        """By whichever node: the one that reset itself returns before its lock is free."""
        setting = self.world.setting
        self._pass(setting.takeover_s + setting.timing.startup_s + BOOT_S[1])
        self._pass(START_TIMEOUT_S + FAILBACK_S)
        self.contract.must_serve("after the owner has reset itself")

    def _left(self) -> None:
        """F61: the standby left in good order, then the link went: the owner may not freeze on."""
        self.other.daemon.shutdown = False
        self.other.daemon.command(Verb.HANDOVER)
        self._pass(self.move_s if len(self.world.volumes) > 1 else 0.9)
        for link in self.world.network.links.values():
            link.cut.update(self.world.nodes)
        self.world.kernels_notice()
        self._pass(self.world.setting.takeover_s)
        self._served_by(self.owner)

    def _switchover(self) -> None:
        """A planned move there; nobody is fenced."""
        self.owner.daemon.command(Verb.SWITCHOVER, self.first)
        self._pass(self.move_s)
        self._served_by(self.other, services=(self.first,))
        self._nobody_cut()
        self._removed()

    def _removed(self) -> None:
        """F79: what the configuration names no more stops for good, and nothing else moves."""
        *kept, gone = self.world.volumes
        holder = self.contract.serving(gone)
        if not kept or holder is None:
            return
        owners = {name: node for name, node in self.contract.owners().items() if name in kept}
        self.world.moments["service removed"] += 1
        # The daemon of the other node has not read it yet when the first one has stopped it.
        for node in (holder, self.world.nodes[holder.peer]):
            config = node.daemon.config
            services = tuple(replace(s, retired=s.name == gone) for s in config.services)
            node.daemon.config = replace(config, services=services)
            node.daemon.kill(0.1)
            self._pass(self.move_s)
            up = [n.name for n in self.world.pair if n.services.active(gone)]
            if up:
                raise Violation("F79", f"{gone} was removed and is active on {' and '.join(up)}")
        if {name: self.contract.owners()[name] for name in kept} != owners:
            raise Violation("F79", f"{gone} was removed, and something else has moved")
        self._nobody_cut()

    def _reboot(self) -> None:
        """F61: everything is handed over, nobody is fenced, and the node comes back to its peer."""
        self.owner.daemon.shutdown = True
        self.owner.daemon.command(Verb.HANDOVER)
        self._pass(self.move_s + 2.0)
        self._served_by(self.other)
        self._nobody_cut()

    def _nobody_cut(self) -> None:
        if self.contract.cuts != self.cuts:
            raise Violation("LOOP", "a node was fenced that was alive")

    def _arrive(self) -> None:
        """What is on its way home at this moment gets there (F10; seed 2964)."""
        setting = self.world.setting
        homes = {s.name: s.preferred for s in setting.services if s.failback and s.preferred}
        for _second in range(round(setting.timing.move_s)):
            if not any(self._goes_home(name, home) for name, home in homes.items()):
                return
            self._pass(1.0)

    def _goes_home(self, name: str, home: str) -> bool:
        """Both nodes live, and the other one has begun to hand it over."""
        node = self.world.nodes[home]
        there, here = node.daemon.state, self.world.nodes[node.peer].daemon.state
        if there is None or here is None or there.peer.life is not Life.ALIVE:
            return False
        given, taken = here.service(name), there.service(name)
        assert given is not None and taken is not None, "each node has the same services"
        begun = given.move or given.grant or taken.claim or taken.local is Local.STARTING
        return bool(begun) and self.contract.serving(name) is None

    def _served_by(self, node: Node, services: tuple[str, ...] = ()) -> None:
        self._arrive()
        self.contract.must_serve("in the finale")
        owners = self.contract.owners()
        # The other one may be back already, switched on by its peer (F10).
        home = {s.name: s.preferred for s in self.world.setting.services if s.failback}
        for name in services or tuple(self.world.volumes):
            if owners[name] not in (node.name, home.get(name)):
                raise Violation("L1", f"{name} is on {owners[name]}, not on {node.name}")
