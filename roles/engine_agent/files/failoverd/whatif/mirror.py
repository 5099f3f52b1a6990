# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of DRBD: the state of one replicated disk in the kernels of both nodes."""

from __future__ import annotations

from dataclasses import dataclass

from failoverd.core.events import Disk


@dataclass
class Side:
    """One node's copy."""

    role: str = "Secondary"
    disk: str = "UpToDate"
    suspended: bool = False
    peer_outdated: bool = False
    stale: bool = False
    """The other node wrote while this one was away."""


class Mirror:
    """The replicated disk of one service, as far as decisions depend on it."""

    def __init__(self, node: str, peer: str, disk: Disk) -> None:
        self.connected = disk.connected
        known = disk.peer_disk != "Unknown"
        self.sides = {
            node: Side(disk.role, disk.disk, disk.suspended, disk.peer_disk == "Outdated"),
            peer: Side(
                disk.peer_role if disk.connected else "Secondary",
                disk.peer_disk if known else "UpToDate",
            ),
        }
        self._names = {node: peer, peer: node}

    def see(self, node: str) -> Disk:
        """The state that the kernel of that node shows."""
        side, other = self.sides[node], self.sides[self._names[node]]
        if not self.connected:
            peer_disk = "Outdated" if side.peer_outdated else "Unknown"
            return Disk(side.role, side.disk, "Unknown", peer_disk, "WFConnection", side.suspended)
        return Disk(side.role, side.disk, other.role, other.disk, "Connected", side.suspended)

    def power_lost(self, node: str) -> None:
        """The kernel of that node is gone; its copy has to be proven current when it returns."""
        side = self.sides[node]
        if side.disk == "UpToDate":
            side.disk = "Consistent"
        side.role, side.suspended = "Secondary", False

    def part(self, alive: set[str]) -> list[str]:
        """The kernels lost each other; returns the nodes whose I/O froze."""
        self.connected = False
        frozen = [n for n, s in self.sides.items() if n in alive and s.role == "Primary"]
        for node in frozen:
            self.sides[node].suspended = True
        return frozen

    def meet(self) -> str:
        """The kernels found each other; returns the problem, or nothing."""
        (first, a), (second, b) = self.sides.items()
        if a.role == b.role == "Primary":
            return "split brain: both were in use"
        self.connected = True
        for node, side, other in ((first, a, b), (second, b, a)):
            side.suspended = side.peer_outdated = False
            behind = side.stale or side.disk in ("Outdated", "Inconsistent")
            if behind and other.disk in ("UpToDate", "Consistent"):
                other.disk, side.disk = "UpToDate", "Inconsistent"
                return f"the copy of {node} is being resynchronised"
        for side in (a, b):
            if side.disk == "Consistent":
                side.disk = "UpToDate"
        return ""

    def synced(self) -> None:
        """The resync has ended."""
        for side in self.sides.values():
            if self.connected and side.disk == "Inconsistent":
                side.disk, side.stale = "UpToDate", False

    def promote(self, node: str, peer_gone: bool) -> str:
        """Open it for writing; returns the refusal, empty when promoted."""
        side, other = self.sides[node], self.sides[self._names[node]]
        if self.connected and other.role == "Primary":
            return f"its disk is in use on {self._names[node]}"
        if not self.connected and not peer_gone and not side.peer_outdated:
            return f"its disk stays closed while {self._names[node]} is not excluded"
        if side.disk != "UpToDate":
            return f"its disk is {side.disk}"
        side.role = "Primary"
        if not self.connected:
            self.thaw(node)
        return ""

    def thaw(self, node: str) -> None:
        """Resume I/O without the other copy, which is stale from now on."""
        side = self.sides[node]
        side.suspended, side.peer_outdated = False, True
        self.sides[self._names[node]].stale = True

    def outdate(self, node: str) -> None:
        """drbdadm outdate: only while the kernels are apart."""
        side = self.sides[node]
        if not self.connected and side.role == "Secondary":
            side.disk = "Outdated"
