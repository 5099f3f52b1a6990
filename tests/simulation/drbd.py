# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of DRBD 8.4, protocol C, fencing resource-and-stonith: one volume on two nodes.

Rules after drbd_nl.c and drbd_state.c (conn_try_outdate_peer, drbd_set_role, is_valid_state) and
the attach rules of drbd_nl.c: a disk that was up to date comes back Consistent unless its metadata
says that the peer is outdated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from failoverd.core.events import Disk

from .clock import Clock, Violation


@dataclass
class Side:
    """One node's copy. What is in metadata survives a power cut; the rest does not."""

    node: str
    up: bool = False
    role: str = "Secondary"
    disk: str = "UpToDate"
    suspended: bool = False
    broken_handlers: int = 0
    # metadata
    uuid: int = 0
    history: set[int] = field(default_factory=set)
    writes: set[int] = field(default_factory=set)
    peer_outdated: bool = False
    was_primary: bool = False
    needs_new_uuid: bool = False


class Volume:
    """The mirrored disk of one service."""

    def __init__(
        self,
        clock: Clock,
        name: str,
        nodes: tuple[str, str],
        path: Callable[[], bool],
        ask_handler: Callable[[str, str], None],
        changed: Callable[[str, str], None],
    ) -> None:
        self.clock, self.name, self.path = clock, name, path
        self.ask_handler, self.changed = ask_handler, changed
        self.sides = {node: Side(node) for node in nodes}
        self.connected = False
        self.alone = False
        self.resync: str = ""
        self.epoch = 0

    def other(self, node: str) -> Side:
        """The peer's copy."""
        return next(s for s in self.sides.values() if s.node != node)

    def see(self, node: str) -> Disk:
        """What /proc/drbd on that node says."""
        side, other = self.sides[node], self.other(node)
        if not side.up:
            return Disk(role="Unknown", disk="Diskless", connection="Unconfigured")
        if not self.connected:
            peer_disk = "Outdated" if side.peer_outdated else "DUnknown"
            return Disk(side.role, side.disk, "Unknown", peer_disk, "WFConnection", side.suspended)
        connection = "Connected"
        if self.resync:
            connection = "SyncSource" if self.resync == node else "SyncTarget"
        return Disk(side.role, side.disk, other.role, other.disk, connection, side.suspended)

    # -- life of a node ---------------------------------------------------------------------

    def attach(self, node: str) -> None:
        """The node's kernel brings the volume up after a boot."""
        side = self.sides[node]
        side.up, side.role, side.suspended = True, "Secondary", False
        if side.disk == "UpToDate" and not side.peer_outdated:
            side.disk = "Consistent"
        elif side.disk == "Consistent" and side.peer_outdated:
            side.disk = "UpToDate"
        self.poke()

    def power_lost(self, node: str) -> None:
        """The node is gone in an instant; its peer notices after its ping timeout."""
        side = self.sides[node]
        if side.up and side.role == "Primary":
            side.was_primary = True
        side.up, side.role, side.suspended = False, "Secondary", False
        if self.resync:
            target = self.other(self.resync)
            if target.disk != "Outdated":
                target.disk = "Inconsistent"
        self.poke()

    def detach(self, node: str) -> None:
        """drbdadm down in good order: a node that leaves its Primary outdates itself."""
        side, other = self.sides[node], self.other(node)
        if self.connected:
            self.connected = False
            self.epoch += 1
            if other.role == "Primary" and side.disk in ("UpToDate", "Consistent"):
                side.disk, other.peer_outdated = "Outdated", True
                other.needs_new_uuid = True
            if self.resync:
                self.resync = ""
        side.up, side.role = False, "Secondary"
        self._tell()

    # -- connection -------------------------------------------------------------------------

    def poke(self) -> None:
        """Something about the path or the nodes changed: the kernels notice in a while."""
        self.epoch += 1
        epoch = self.epoch
        delay = self.clock.between(0.7, 2.2)
        self.clock.after(delay, lambda: self._notice(epoch))

    def possible(self) -> bool:
        """Both kernels run the volume and the path carries."""
        return all(s.up for s in self.sides.values()) and self.path() and not self.alone

    def _notice(self, epoch: int) -> None:
        if epoch != self.epoch:
            return
        if self.connected and not self.possible():
            self._lose()
        elif not self.connected and self.possible():
            self._connect()
        self._tell()

    def _lose(self) -> None:
        self.connected = False
        if self.resync:
            target = self.other(self.resync)
            target.disk = "Inconsistent"
            self.resync = ""
        for side in self.sides.values():
            if side.up and side.role == "Primary":
                side.suspended = True
                self.ask_handler(side.node, self.name)

    def _connect(self) -> None:
        a, b = self.sides.values()
        if a.role == b.role == "Primary":
            self.alone = True
            raise Violation(f"{self.name}: two Primaries meet: split brain")
        source = self._source(a, b)
        self.connected = True
        for side in (a, b):
            side.suspended = False
            side.broken_handlers = 0
        if source is None:
            for side in (a, b):
                side.disk, side.peer_outdated, side.was_primary = "UpToDate", False, False
            return
        target = b if source is a else a
        if source.disk == "Consistent":
            source.disk = "UpToDate"
        target.disk = "Inconsistent"
        self.resync = source.node
        self.clock.tell(f"drbd {self.name}: resync from {source.node}")
        epoch = self.epoch
        self.clock.after(self.clock.between(0.5, 15), lambda: self._synced(epoch))

    def _source(self, a: Side, b: Side) -> Side | None:
        if a.disk == "Inconsistent" or b.disk == "Inconsistent":
            if a.disk == b.disk:
                raise Violation(f"{self.name}: both disks are Inconsistent")
            return a if b.disk == "Inconsistent" else b
        if a.uuid == b.uuid:
            if a.role == "Primary" or b.was_primary:
                return a if b.was_primary or b.disk == "Outdated" or a.writes != b.writes else None
            if b.role == "Primary" or a.was_primary:
                return b if a.was_primary or a.disk == "Outdated" or a.writes != b.writes else None
            return None
        if b.uuid in a.history:
            return a
        if a.uuid in b.history:
            return b
        raise Violation(f"{self.name}: split brain, neither copy descends from the other")

    def _synced(self, epoch: int) -> None:
        if not self.resync or not self.connected:
            return
        if epoch != self.epoch and not self.possible():
            return
        source = self.sides[self.resync]
        target = self.other(source.node)
        target.disk, target.uuid = "UpToDate", source.uuid
        target.history, target.writes = set(source.history), set(source.writes)
        target.was_primary = False
        source.peer_outdated = target.peer_outdated = False
        source.needs_new_uuid = False
        self.resync = ""
        self.clock.tell(f"drbd {self.name}: resync ended")
        self._tell()

    def _tell(self) -> None:
        for node in self.sides:
            self.changed(node, self.name)

    # -- what a node asks its kernel --------------------------------------------------------

    def promote(self, node: str, handler: Callable[[], int]) -> str:
        """drbdsetup primary, without force. Returns the refusal, empty when promoted."""
        side, other = self.sides[node], self.other(node)
        if not side.up:
            return "no such resource"
        if self.connected and other.role == "Primary":
            return "multiple primaries not allowed"
        if side.disk not in ("UpToDate", "Consistent"):
            return f"need access to UpToDate data, have {side.disk}"
        if not self.connected and not side.peer_outdated:
            code = handler()
            if code not in (4, 7):
                return f"fence-peer said {code}"
            side.peer_outdated, side.disk = True, "UpToDate"
        if side.disk != "UpToDate":
            return f"need access to UpToDate data, have {side.disk}"
        side.role = "Primary"
        if not self.connected:
            self._new_uuid(side)
        self._tell()
        return ""

    def demote(self, node: str) -> None:
        """drbdsetup secondary."""
        side = self.sides[node]
        side.role, side.suspended = "Secondary", False
        self._tell()

    def handler_answer(self, node: str, code: int) -> None:
        """The fence-peer handler of a Primary that lost its peer has ended."""
        side = self.sides[node]
        if self.connected or not side.up or side.role != "Primary":
            return  # F37: void
        if code in (4, 7):
            side.peer_outdated = True
            self._thaw(side)
        else:
            side.broken_handlers += 1

    def resume(self, node: str) -> None:
        """drbdsetup resume-io after the peer was excluded."""
        side = self.sides[node]
        if side.up and side.suspended and not self.connected:
            self._thaw(side)

    def outdate(self, node: str) -> None:
        """drbdadm outdate: only while disconnected and Secondary."""
        side = self.sides[node]
        live = side.up and not self.connected and side.role == "Secondary"
        if live and side.disk in ("UpToDate", "Consistent"):
            side.disk = "Outdated"
            self._tell()

    def write(self, node: str, number: int) -> bool:
        """One write of the application. True when it is safely acknowledged."""
        side, other = self.sides[node], self.other(node)
        if not side.up or side.role != "Primary":
            return False
        if self.connected:
            if not self.possible():
                return False  # on the wire, unanswered
            side.writes.add(number)
            if other.disk == "UpToDate":
                other.writes.add(number)
            return True
        if side.suspended:
            return False
        if side.needs_new_uuid:
            self._new_uuid(side)
        side.writes.add(number)
        return True

    def _thaw(self, side: Side) -> None:
        side.suspended, side.needs_new_uuid = False, True
        self._tell()

    def _new_uuid(self, side: Side) -> None:
        side.history.add(side.uuid)
        side.uuid = self.clock.random.getrandbits(48)
        side.needs_new_uuid = False
