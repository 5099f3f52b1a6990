# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replicated disk, as far as S2 needs it: who lacks what was acknowledged, and who may be opened.

Rules after DRBD 8.4, protocol C, fencing resource-and-stonith. Whether a copy is stale is the truth
of this world, which no kernel knows; everything else is what the kernels know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from failoverd.core.events import Disk

SECONDARY, PRIMARY = "Secondary", "Primary"


class Violation(AssertionError):
    """The contract was broken."""


@dataclass(frozen=True)
class Copy:
    """One node's copy."""

    up: bool = True
    role: str = SECONDARY
    disk: str = "UpToDate"
    suspended: bool = False
    asks: bool = False
    """The fence-peer handler has not been started yet."""
    peer_outdated: bool = False
    stale: bool = False
    """Lacks a write that a client saw acknowledged."""


@dataclass(frozen=True)
class Volume:
    """Both copies and the connection between them."""

    copies: tuple[Copy, Copy] = (Copy(), Copy())
    connected: bool = True
    path: bool = True

    def change(self, node: int, **fields: Any) -> Volume:
        """The same with fields of one copy changed."""
        new = replace(self.copies[node], **fields)
        copies = (new, self.copies[1]) if node == 0 else (self.copies[0], new)
        return replace(self, copies=copies)

    @property
    def possible(self) -> bool:
        """The kernels could talk."""
        return self.path and self.copies[0].up and self.copies[1].up

    def see(self, node: int) -> Disk:
        """What that node's kernel shows."""
        own, other = self.copies[node], self.copies[1 - node]
        if not self.connected:
            peer_disk = "Outdated" if own.peer_outdated else "Unknown"
            return Disk(own.role, own.disk, "Unknown", peer_disk, "WFConnection", own.suspended)
        return Disk(own.role, own.disk, other.role, other.disk, "Connected", own.suspended)

    def written(self) -> Volume:
        """Clients write whenever they can: at once, the worst case."""
        volume = self
        for node in (0, 1):
            own = volume.copies[node]
            if own.up and own.role == PRIMARY and not own.suspended and not volume.connected:
                volume = volume.change(1 - node, stale=True)
        if all(copy.stale for copy in volume.copies):
            raise Violation("S2: each copy lacks writes that were acknowledged on the other")
        return volume

    def lose(self) -> Volume:
        """The kernels notice that they lost each other: a Primary freezes and asks."""
        volume = replace(self, connected=False)
        for node in (0, 1):
            own = volume.copies[node]
            if own.up and own.role == PRIMARY:
                volume = volume.change(node, suspended=True, asks=True)
        return volume

    def meet(self) -> Volume:
        """They find each other: whoever lacks writes becomes the target of a resync."""
        if all(copy.role == PRIMARY for copy in self.copies):
            raise Violation("S2: two Primaries meet: split brain")
        volume = replace(self, connected=True)
        for node in (0, 1):
            volume = volume.change(node, suspended=False, asks=False, peer_outdated=False)
        for node in (0, 1):
            if volume.copies[node].stale or volume.copies[node].disk == "Inconsistent":
                volume = volume.change(1 - node, disk="UpToDate")
                return volume.change(node, disk="Inconsistent")
        return volume.change(0, disk="UpToDate").change(1, disk="UpToDate")

    def synced(self) -> Volume:
        """The resync has ended."""
        volume = self
        for node in (0, 1):
            if volume.copies[node].disk == "Inconsistent":
                volume = volume.change(node, disk="UpToDate", stale=False)
        return volume

    def power_lost(self, node: int) -> Volume:
        """That kernel is gone."""
        return self.change(node, up=False, role=SECONDARY, suspended=False, asks=False)

    def attach(self, node: int) -> Volume:
        """It is back: its copy was current only if its metadata say that the other is not."""
        own = self.copies[node]
        disk = own.disk
        if disk in ("UpToDate", "Consistent"):
            disk = "UpToDate" if own.peer_outdated else "Consistent"
        return self.change(node, up=True, disk=disk)

    def promote(self, node: int, excluded: bool) -> tuple[Volume, str]:
        """Open for writing; the second value is the refusal, empty when it is open."""
        own, other = self.copies[node], self.copies[1 - node]
        if self.connected and other.role == PRIMARY:
            return self, "the other one is Primary"
        if own.disk not in ("UpToDate", "Consistent"):
            return self, f"the disk is {own.disk}"
        if not self.connected and not own.peer_outdated and not excluded:
            return self, "the other one is not excluded"
        if own.stale:
            raise Violation("S2: a copy is opened that lacks acknowledged writes")
        apart = not self.connected
        volume = self.change(node, role=PRIMARY, disk="UpToDate", suspended=False)
        return (volume.change(node, peer_outdated=True) if apart else volume), ""

    def demote(self, node: int) -> Volume:
        """Close it."""
        return self.change(node, role=SECONDARY, suspended=False, asks=False)

    def thaw(self, node: int) -> Volume:
        """I/O goes on without the other copy."""
        if self.connected or self.copies[node].role != PRIMARY:
            return self
        return self.change(node, suspended=False, peer_outdated=True)

    def outdate(self, node: int) -> Volume:
        """drbdadm outdate: only while the kernels are apart."""
        own = self.copies[node]
        if self.connected or own.role == PRIMARY or own.disk == "Inconsistent":
            return self
        return self.change(node, disk="Outdated")
