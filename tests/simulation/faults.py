# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays a script on a world: faults at their time or at the moment they wait for; then heals."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from failoverd.core.events import Verb
from failoverd.core.modes import is_on

from .fault import Fault
from .kinds import KINDS
from .services import UP

if TYPE_CHECKING:
    from .node import Node
    from .world import World

HELP_S = 6.0
"""After healing, an operator looks this often: powers on what is off, clears what failed."""


class Faults:
    """Nothing goes wrong but what the script says."""

    def __init__(self, world: World) -> None:
        self.world, self.clock = world, world.clock
        self.count: Counter[str] = Counter()
        self._waiting: dict[str, list[tuple[float, Fault]]] = {}
        self.era = 0
        """Grows whenever all that was begun is over."""

    def begin(self, faults: tuple[Fault, ...]) -> None:
        """Faults from now on."""
        for fault in faults:
            if fault.moment:
                armed = (self.clock.now + fault.at, fault)
                self._waiting.setdefault(fault.moment, []).append(armed)
            else:
                self.clock.after(max(0.0, fault.at), partial(self._strike, fault, None, self.era))

    def moment(self, code: str, node: Node) -> None:
        """Something delicate is under way on this node: what lay in wait for it strikes."""
        waiting = self._waiting.get(code)
        if not waiting:
            return
        for entry in list(waiting):
            since, fault = entry
            if self.clock.now >= since:
                waiting.remove(entry)
                self.clock.after(fault.wait, partial(self._strike, fault, node, self.era))

    def _strike(self, fault: Fault, here: Node | None, era: int) -> None:
        if era != self.era:
            return
        node = self._target(fault.target, here)
        self.count[fault.kind] += 1
        self.world.moments[f"fault {fault.kind}"] += 1
        self.clock.tell(f"FAULT {fault.kind} on {node.name} for {fault.lasts:.1f} s")
        undo = KINDS[fault.kind].do(self.world, node, fault)
        if undo is not None:

            def over() -> None:
                if era == self.era:
                    self.clock.tell(f"fault {fault.kind} on {node.name} is over")
                    undo()

            self.clock.after(fault.lasts, over)

    def _target(self, target: str, here: Node | None) -> Node:
        pair = self.world.pair
        if target in self.world.nodes:
            return self.world.nodes[target]
        if here is not None and target in ("here", "there"):
            return here if target == "here" else self.world.nodes[here.peer]
        owner = next((n for n in pair if UP in n.services.truth.values()), pair[0])
        return self.world.nodes[owner.peer] if target in ("standby", "there") else owner

    def heal(self) -> None:
        """Repair all that was broken from outside; the cluster has to do the rest."""
        self.era += 1
        self._waiting.clear()
        self.clock.tell("all faults are healed")
        world = self.world
        for link in world.network.links.values():
            link.heal(self.clock.now)
        for device in world.fencing.devices.values():
            device.mood = "normal"
        world.fencing.unreachable.clear()
        world.rival = False
        for node in world.pair:
            services, daemon = node.services, node.daemon
            services.fail_start = services.fail_stop = services.hang = services.fail_probe = 0.0
            services.lost, services.starved = 0.0, False
            services.turns.heal()
            services.slow, services.look_s, daemon.lag = 1.0, 0.0, 0.0
            for volume in world.volumes.values():
                volume.sides[node.name].refusing = False
                volume.sides[node.name].hangs = False
                volume.replace_disk(node.name)
            node.thaw()
            node.watchdog_absent = node.stubborn = False
            world.lun.paths[node.name].set()
            daemon.go_on()
            daemon.configure(world.setting.of(node.name))
            daemon.why_not, daemon.full = "", False
            daemon.disks_tried()
            node.lan(lost=False)
        world.kernels_notice()
        self._help(self.era)

    def _cut_by_peer(self, node: Node) -> bool:
        """F10: the other node did it, and was not booted since: it has to switch it on."""
        name, at = self.world.fencing.cutter.get(node.name, ("", 0.0))
        if not node.cut or not name:
            return False
        cutter = self.world.nodes[name]
        if cutter.daemon.confirmed > node.booted_at:
            return False  # who has said that it is off takes care of it
        return cutter.on and max(cutter.booted_at, cutter.daemon.forgot) < at

    def _where_it_is_told(self, node: Node) -> Node:
        """On the other node, if that can be told and neither is too old to tell it (F63)."""
        other = self.world.nodes[node.peer]
        return other if other.daemon.state is not None and not self.world.setting.older else node

    def rest(self) -> None:
        """All is well: the operator goes home."""
        self.era += 1

    def _help(self, era: int) -> None:
        """The operator who is on call."""
        if era != self.era or self.world.contract.settled():
            return
        for node in self.world.pair:
            if not self._cut_by_peer(node):
                node.power_on()
            state, services = node.daemon.state, node.services
            if state is None or not node.runs:
                continue
            if any(s.failed_at is not None or s.restarts for s in state.services):
                self._where_it_is_told(node).daemon.command(Verb.CLEAR)
            broken = [s.name for s in state.services if s.local.value == "broken"]
            idle = not any(services.active(name) for name in broken)
            unrecorded = services.forgotten.intersection(broken)
            if broken and (unrecorded or idle):  # a failed stop is not for people
                services.clean_by_hand(broken)
                node.daemon.command(Verb.CLEAR)
            unknown = any(s.local.value == "unknown" and s.overtime for s in state.services)
            if state.defect or unknown:  # what is broken or hangs here needs a new life
                node.daemon.kill(0.1)
            for service in state.services:
                if service.repair.value == "open":
                    node.daemon.command(Verb.CLOSE_STORAGE, service.name)
            if is_on(state.modes.maintenance):
                node.daemon.command(Verb.MAINTENANCE, "off")
            if is_on(state.modes.standby):
                node.daemon.command(Verb.ONLINE)
            if is_on(state.modes.peer_standby):
                node.daemon.command(Verb.ONLINE, node.peer)
        self.clock.after(HELP_S, partial(self._help, era))
