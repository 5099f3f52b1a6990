# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service on a shared disk: one file system that both nodes could mount, and none may at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import Clock, Violation
from .disk import Host
from .lun import Lun
from .stateless import Stateless

if TYPE_CHECKING:
    from .world import World


class SharedDisk(Stateless):
    """There is one copy, so nothing is ever lost but by two that write to it."""

    def __init__(
        self, clock: Clock, name: str, nodes: tuple[str, str], host: Host, lun: Lun
    ) -> None:
        super().__init__(clock, name, nodes, host)
        self.lun = lun
        one, two = self.sides.values()
        two.writes = one.writes

    def stuck(self, node: str) -> bool:
        """A mount or unmount on this node does not come back."""
        return self.lun.paths[node].hangs

    def answers(self, node: str) -> bool:
        """A read comes back with what it asked for."""
        return self.lun.paths[node].good

    def usable(self, node: str) -> bool:
        """The application's reads and writes do not fail."""
        return not self.lun.paths[node].fails

    def write(self, node: str, number: int) -> bool:
        """S1, S2: nobody writes while the other has it mounted, or has its lock."""
        side, other = self.sides[node], self.other(node)
        if not side.up or side.role != "Primary" or not self.lun.paths[node].good:
            return False
        if other.up and other.role == "Primary":
            raise Violation("S2", f"{self.name} is written on both nodes")
        side.writes.add(number)
        return True


class LockWatch:
    """What the locks promise, against the truth."""

    SLACK_S = 0.4

    def __init__(self, world: World) -> None:
        self.world, self.clock, self.lun = world, world.clock, world.lun

    def holds(self, node: str, service: str) -> None:
        """LOCK, at the moment at which a lock is acquired."""
        peer = self.world.nodes[self.world.nodes[node].peer]
        if peer.on and peer.services.active(service):
            raise Violation("LOCK", f"{node} has the lock of {service}, active on {peer.name}")

    def look(self) -> None:
        """F64, F65: from time to time."""
        for node in self.world.pair:
            for service in self.lun.services:
                if node.on and node.services.active(service):
                    self._old(node.name, service)
                    self._stolen(node.name, service)

    def _old(self, name: str, service: str) -> None:
        times, node = self.world.setting.locks, self.world.nodes[name]
        age = self.clock.now - self.lun.counted.get((name, service), float("-inf"))
        if self.world.setting.locks_decide and age > times.timeout_s:
            raise Violation("F65", f"{name} has {service}, and its lock is free to take")
        awake_s = self._awake_s(name)
        if min(age, awake_s) > times.lease_s * 1.003 + self.SLACK_S and not node.daemon.surrendered:
            raise Violation("F65", f"{name} has {service}, its lock is {age:.1f} s old")

    def _stolen(self, name: str, service: str) -> None:
        lost = self.lun.lost.get((name, service))
        if lost is None or self.world.nodes[name].daemon.surrendered:
            return
        path, times = self.lun.paths[name], self.world.setting.locks
        since = max(lost, path.changed_at)
        limit = times.renew_s * 1.5 + 6 * (path.slow_s + path.always_s) + self.SLACK_S
        if path.good and min(self.clock.now - since, self._awake_s(name)) > limit:
            raise Violation("F64", f"{name} goes on with {service}, whose lock was stolen")

    def _awake_s(self, name: str) -> float:
        """How long the daemon there has run without a pause."""
        daemon = self.world.nodes[name].daemon
        if daemon.state is None or daemon.held_up or daemon.lag:
            return 0.0
        return self.clock.now - daemon.awake_since
