# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in the simulated world, drawn from its seed and biased to the worst moments."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from failoverd.core.events import ResourceFailed, Verb

if TYPE_CHECKING:
    from .node import Node
    from .world import World


class Faults:
    """Draws faults while the chaos lasts, and heals everything afterwards."""

    def __init__(self, world: World) -> None:
        self.world, self.clock = world, world.clock
        self.active = False
        self.until = 0.0
        self.count: dict[str, int] = {}
        self.kinds = [
            self.power_cut,
            self.power_reset,
            self.freeze,
            self.kill_daemon,
            self.cut_link,
            self.cut_all,
            self.cut_one_way,
            self.lossy,
            self.device_mood,
            self.device_unreachable,
            self.switchover,
            self.reboot,
            self.lag,
            self.start_fails,
            self.stop_fails,
            self.clear,
            self.resource_dies,
            self.confirm_fenced,
        ]

    def begin(self, seconds: float) -> None:
        """Faults from now on, for that long."""
        self.active, self.until = True, self.clock.now + seconds
        self._next()

    def bias(self, node: Node) -> None:
        """Something delicate is under way on this node."""
        if self.active and self.clock.chance(0.1):
            self.clock.after(self.clock.between(0, 2.5), self.strike)

    def strike(self) -> None:
        """One fault."""
        if not self.active or self.clock.now > self.until:
            return
        kind = self.clock.random.choice(self.kinds)
        self.count[kind.__name__] = self.count.get(kind.__name__, 0) + 1
        node = self.world.nodes[self.clock.random.choice(list(self.world.nodes))]
        self.clock.tell(f"FAULT {kind.__name__} {node.name}")
        kind(node)

    def heal(self) -> None:
        """Repair all that was broken from outside; the cluster has to do the rest."""
        self.active = False
        self.clock.tell("all faults are healed")
        for link in self.world.network.links.values():
            link.cut.clear()
            link.loss = link.slow = link.twice = 0.0
        for device in self.world.fencing.devices.values():
            device.mood = "normal"
        self.world.unreachable.clear()
        for node in self.world.nodes.values():
            node.lag = node.fail_start = node.fail_stop = 0.0
            node.thaw()
            node.power_on()
            for after_s in (60.0, 120.0):
                self.clock.after(after_s, node.power_on)
            for after_s in (100.0, 160.0):
                self.clock.after(after_s, partial(node.command, Verb.CLEAR))
        self.world.kernels_changed()

    def _next(self) -> None:
        wait = self.clock.random.expovariate(1 / 9.0)
        if self.clock.now + wait < self.until:
            self.clock.after(wait, self.strike)
            self.clock.after(wait, self._next)

    def _for_a_while(self, low: float, high: float, undo: object) -> None:
        assert callable(undo)
        self.clock.after(self.clock.between(low, high), undo)

    # -- the kinds --------------------------------------------------------------------------

    def power_cut(self, node: Node) -> None:
        """F01: the power goes and comes back later."""
        node.power_off()
        self._for_a_while(5, 60, node.power_on)

    def power_reset(self, node: Node) -> None:
        """F02: gone and booting at once."""
        node.power_off()
        node.power_on()

    def freeze(self, node: Node) -> None:
        """F25 to F27."""
        node.freeze()
        self._for_a_while(0.2, 25, node.thaw)

    def kill_daemon(self, node: Node) -> None:
        """F31."""
        node.kill_daemon()

    def cut_link(self, node: Node) -> None:
        """F11, F13: one link, both directions."""
        self._cut(
            [self.clock.random.choice(list(self.world.network.links))], list(self.world.nodes)
        )

    def cut_one_way(self, node: Node) -> None:
        """F17."""
        self._cut([self.clock.random.choice(list(self.world.network.links))], [node.name])

    def cut_all(self, node: Node) -> None:
        """F14; sometimes the replication link stays up (F12)."""
        names = list(self.world.network.links)
        if self.clock.chance(0.3):
            names.remove("cross")
        self._cut(names, list(self.world.nodes))

    def lossy(self, node: Node) -> None:
        """F18, F20, F21: loss, delay, reordering, duplicates."""
        links = list(self.world.network.links.values())
        for link in links:
            link.loss = self.clock.between(0, 0.6)
            link.slow = self.clock.random.choice([0.0, 0.05, 1.0])
            link.twice = self.clock.between(0, 0.3)

        def undo() -> None:
            for link in links:
                link.loss = link.slow = link.twice = 0.0

        self._for_a_while(2, 40, undo)

    def device_mood(self, node: Node) -> None:
        """F03, F04: the fence device refuses, hangs, is slow or dies with its node."""
        device = self.world.fencing.devices[node.name]
        device.mood = self.clock.random.choice(["refuse", "hang", "slow", "shared"])

        def undo() -> None:
            device.mood = "normal"

        self._for_a_while(5, 60, undo)

    def device_unreachable(self, node: Node) -> None:
        """F24: the node cannot reach the devices."""
        self.world.unreachable.add(node.name)
        self._for_a_while(5, 60, lambda: self.world.unreachable.discard(node.name))

    def switchover(self, node: Node) -> None:
        """F62: an operator at the worst moment."""
        service = self.clock.random.choice(list(self.world.acked))
        node.command(Verb.SWITCHOVER, service)

    def reboot(self, node: Node) -> None:
        """F61."""
        node.reboot_after_leave = True
        node.command(Verb.HANDOVER)

    def lag(self, node: Node) -> None:
        """F21: the daemon is starved."""
        node.lag = self.clock.between(0.05, 0.7)

        def undo() -> None:
            node.lag = 0.0

        self._for_a_while(1, 20, undo)

    def start_fails(self, node: Node) -> None:
        """F48, F49."""
        node.fail_start = self.clock.between(0.3, 1.0)

        def undo() -> None:
            node.fail_start = 0.0

        self._for_a_while(5, 40, undo)

    def stop_fails(self, node: Node) -> None:
        """F47."""
        node.fail_stop = self.clock.between(0.3, 1.0)

        def undo() -> None:
            node.fail_stop = 0.0

        self._for_a_while(5, 40, undo)

    def clear(self, node: Node) -> None:
        """An operator clears the failures."""
        node.command(Verb.CLEAR)

    def resource_dies(self, node: Node) -> None:
        """F50."""
        for service in self.world.acked:
            if node.truth[service] == "up":
                node.deliver(ResourceFailed(service, "postgresql", "died"))

    def confirm_fenced(self, node: Node) -> None:
        """F04: an operator who looked: only when the peer really is off."""
        if not self.world.nodes[node.peer].on:
            node.command(Verb.CONFIRM_FENCED, node.peer)

    def _cut(self, links: list[str], senders: list[str]) -> None:
        for name in links:
            self.world.network.links[name].cut.update(senders)
        self.world.kernels_changed()

        def undo() -> None:
            for name in links:
                self.world.network.links[name].cut.difference_update(senders)
            self.world.kernels_changed()

        self._for_a_while(0.5, 45, undo)
