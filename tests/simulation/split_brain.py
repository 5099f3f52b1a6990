# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F39: an operator confirms on both nodes that the other is off, and neither is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failoverd.core.events import Verb

from .clock import Violation
from .services import DOWN
from .setting import BOOT_S, RESYNC_S

if TYPE_CHECKING:
    from .node import Node
    from .world import World


class SplitBrain:
    """S1 and S2 end with the lie. What has to hold: the copies stay as they are, and it is told."""

    def __init__(self, world: World, service: str, owner: Node, other: Node) -> None:
        self.world, self.service, self.owner, self.other = world, service, owner, other
        self.volume = world.volumes[service]

    def run(self, move_s: float) -> None:
        """move_s: longer than a service takes to stop and to start."""
        world, timing = self.world, self.world.setting.timing
        world.contract.lied = world.contract.broken_by_hand = True
        self._part()
        self._pass(2 * timing.dead_s + 3.0)
        for node in world.pair:
            node.daemon.command(Verb.CONFIRM_FENCED, node.peer)
        self._pass(2 * move_s)
        kept = {name: side.writes.copy() for name, side in self.volume.sides.items()}
        told = world.moments["split-brain"]
        for link in world.network.links.values():
            link.cut.clear()
        world.kernels_notice()
        self._pass(move_s)
        if world.moments["split-brain"] == told:
            raise Violation("F39", f"nobody is told that the copies of {self.service} differ")
        for node in world.pair:  # the lives that were confirmed dead are not heard any more
            node.daemon.kill(0.1)
        self._pass(timing.startup_s + move_s)
        for node in world.pair:
            node.daemon.command(Verb.SWITCHOVER, self.service)
        self._pass(2 * move_s)
        self._check(kept)
        self._recover(2 * move_s)

    def _serves(self) -> bool:
        return self.world.contract.serving(self.service) is not None

    def _pass(self, seconds: float) -> None:
        self.world.clock.run(self.world.clock.now + seconds)

    def _part(self) -> None:
        """All links are cut, and no device switches anybody off."""
        for device in self.world.fencing.devices.values():
            device.mood = "refuse"
        for link in self.world.network.links.values():
            link.cut.update(self.world.nodes)
        self.world.kernels_notice()

    def _check(self, kept: dict[str, set[int]]) -> None:
        """Nobody has thrown a copy away, and the older generation has given way for good."""
        volume = self.volume
        if volume.connected or any(not kept[n] <= volume.sides[n].writes for n in kept):
            raise Violation("F39", f"a copy of {self.service} was thrown away without being asked")
        up = [n.name for n in self.world.pair if n.services.truth[self.service] != DOWN]
        if up != [self.other.name]:
            raise Violation("F39", f"{self.service} is on {up}, not on {self.other.name} alone")
        self.world.moments["diverged copies kept"] += 1

    def _recover(self, enough_s: float) -> None:
        """The operator lets the owner's old copy give way: first there, then on the other node."""
        volume, kept = self.volume, self.other.name
        volume.connect(self.owner.name, discard=True)
        self._pass(0.3)
        if volume.sides[kept].alone:
            self._forget(enough_s)
        elif not volume.connected:
            # Between the two steps the copy that is to be discarded looks like a good one.
            self.other.daemon.command(Verb.SWITCHOVER, self.service)
            self.world.clock.run(self.world.clock.now + enough_s, lambda: volume.connected)
            if self.world.contract.owners()[self.service] != kept:
                raise Violation("F39", f"{self.service} left the copy that people decided for")
        volume.connect(kept)
        self._pass(enough_s + RESYNC_S[1])
        if not volume.whole:
            raise Violation("F39", f"the copies of {self.service} do not meet again")
        # It may just be on its way home (F10).
        if not self.world.clock.run(self.world.clock.now + enough_s, self._serves):
            raise Violation("L1", f"{self.service} is not served after a split brain")
        self.world.moments["split brain recovered"] += 1

    def _forget(self, enough_s: float) -> None:
        """The old copy's kernel waits for the other one: only the daemon's memory tells of it."""
        timing = self.world.setting.timing
        self.owner.daemon.kill(0.1)
        self._pass(timing.startup_s)
        self.other.power_off()
        self._pass(2 * timing.dead_s + 3.0)
        self.owner.daemon.command(Verb.CONFIRM_FENCED, self.other.name)
        self._pass(enough_s)
        if self.world.contract.owners()[self.service] == self.owner.name:
            raise Violation("F39", f"{self.service} runs on the copy that people decided against")
        self.world.moments["split remembered"] += 1
        self.other.power_on()
        self._pass(BOOT_S[1] + timing.startup_s)
