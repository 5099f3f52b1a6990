# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of DRBD 8.4, protocol C, fencing resource-and-stonith: one volume on two nodes.

Rules after drbd_nl.c and drbd_state.c (conn_try_outdate_peer, drbd_set_role, sanitize_state), the
attach rules of drbd_nl.c (a disk that was up to date comes back Consistent unless its metadata says
that the peer is outdated) and the table of drbd_uuid_compare.
"""

from __future__ import annotations

from functools import partial

from failoverd.core.events import Disk

from .clock import Clock, Violation
from .disk import GOOD, Host, Side
from .setting import RESYNC_S

SILENT_S = 1.3
"""So long no live kernel is silent (F12)."""
QUICK_S = (0.05, 0.5)
"""Resync of a few blocks."""


class Split(Exception):
    """Neither copy descends from the other."""


class Volume:
    """The mirrored disk of one service."""

    mirrored = True

    def __init__(self, clock: Clock, name: str, nodes: tuple[str, str], host: Host) -> None:
        self.clock, self.name, self.host = clock, name, host
        self.sides = {node: Side(node) for node in nodes}
        self._others = {nodes[0]: self.sides[nodes[1]], nodes[1]: self.sides[nodes[0]]}
        self.connected = False
        self.full = False
        """The file system on it has no room and no reserve: no start succeeds (F91)."""
        self.resync = ""
        """The node from which a resync runs."""
        self.losses = 0
        self.blind_s = 0.0
        """So much later than others the kernels notice a loss."""
        self._broken_since: float | None = None
        """Since when nothing passes between the kernels."""
        self._epoch = 0

    def other(self, node: str) -> Side:
        """The peer's copy."""
        return self._others[node]

    def see(self, node: str) -> Disk:
        """What /proc/drbd on that node says."""
        side, other = self.sides[node], self.other(node)
        if not side.up:
            return Disk()
        if not self.connected:
            peer_disk = "Outdated" if side.peer_outdated else "Unknown"
            connection = "StandAlone" if side.alone else "WFConnection"
            return Disk(side.role, side.disk, "Unknown", peer_disk, connection, side.suspended)
        connection = "Connected"
        if self.resync:
            connection = "SyncSource" if self.resync == node else "SyncTarget"
        return Disk(side.role, side.disk, other.role_told, other.disk, connection, side.suspended)

    @property
    def whole(self) -> bool:
        """Connected, and both copies are good."""
        return self.connected and all(s.disk == "UpToDate" for s in self.sides.values())

    # -- life of a node ---------------------------------------------------------------------

    def attach(self, node: str) -> None:
        """The node's kernel brings the volume up after a boot."""
        side = self.sides[node]
        if self.connected:
            self._lose()  # the peer learns it at the latest from the new kernel
        side.up, side.role, side.suspended, side.alone = True, "Secondary", False, False
        side.discards = False
        if side.broken:
            side.disk = "Diskless"
        elif side.disk == "UpToDate" and not side.peer_outdated:
            side.disk = "Consistent"
        elif side.disk == "Consistent" and side.peer_outdated:
            side.disk = "UpToDate"
        self.poke()

    def power_lost(self, node: str) -> None:
        """The node is gone in an instant; its peer notices after its ping timeout."""
        side = self.sides[node]
        if side.up and side.role == "Primary":
            side.was_primary = True
        if side.up:
            side.last_role = side.role
        side.up, side.role, side.suspended = False, "Secondary", False
        self.poke()

    def leave(self, node: str) -> None:
        """drbdadm disconnect in good order: a node that leaves its Primary outdates itself.

        Refused where the Primary would be left without a good disk.
        """
        side, other = self.sides[node], self.other(node)
        orphan = other.role == "Primary" and other.disk != "UpToDate"
        if not self.connected or side.role == "Primary" or orphan:
            return
        self.connected, self.resync, side.alone = False, "", True
        self.losses += 1
        if other.role == "Primary" and side.disk in GOOD:
            side.disk, other.peer_outdated, other.needs_new_uuid = "Outdated", True, True
        self._tell()

    def drop(self, node: str) -> bool:
        """disconnect --force, by a daemon that looks before at its sockets; False if it does not.

        It leaves this kernel StandAlone, until somebody connects it again (F34).
        """
        side, since = self.sides[node], self._broken_since
        silent = since is not None and self.clock.now >= since + SILENT_S
        if not self.connected or side.role == "Primary" or not silent:
            return False
        if self.possible():
            raise Violation("F12", f"{self.name}: {node} drops a peer that answers")
        self._lose()
        side.alone = True
        self._tell()
        return True

    def connect(self, node: str, discard: bool = False) -> None:
        """drbdadm connect, by an operator: discard says that this node's copy gives way (F39)."""
        side = self.sides[node]
        if side.up:
            side.alone, side.discards = False, discard
            self._tell()
            self.poke()

    # -- disks ------------------------------------------------------------------------------

    def break_disk(self, node: str) -> bool:
        """F35: the backing device dies, while the other copy is good. False if it is not."""
        side, other = self.sides[node], self.other(node)
        if not (side.up and self.whole and not self.resync):
            return False
        side.broken, side.disk = True, "Diskless"
        self._new_uuid(other)
        self._tell()
        return True

    def replace_disk(self, node: str) -> None:
        """A new, empty disk: everything has to come from the peer."""
        side = self.sides[node]
        if not side.broken:
            return
        side.broken, side.disk, side.was_primary = False, "Inconsistent", False
        if self.connected and side.up and self.other(node).disk == "UpToDate":
            self._resync_from(self.other(node))
        self._tell()

    # -- connection -------------------------------------------------------------------------

    def poke(self, quick: bool = False) -> None:
        """Something about the path or the nodes changed: the kernels notice in a while."""
        self._epoch += 1
        if self.possible():
            self._broken_since = None
        elif self._broken_since is None:
            self._broken_since = self.clock.now
        wait = self.clock.between(0.02, 0.1) if quick else self.clock.between(0.4, 2.2)
        wait += self.blind_s * self.connected
        self.clock.after(wait, partial(self._notice, self._epoch))

    def possible(self) -> bool:
        """Both kernels run the volume and the path carries."""
        return all(s.up and not s.alone for s in self.sides.values()) and self.host.replicates()

    def _notice(self, epoch: int) -> None:
        if epoch != self._epoch:
            return
        if self.connected and not self.possible():
            self._lose()
        elif not self.connected and self.possible():
            self._connect()
        self._tell()

    def _lose(self) -> None:
        self.connected, self.resync = False, ""
        self.losses += 1
        for side in self.sides.values():
            if side.up and side.role == "Primary":
                if side.disk in GOOD:
                    side.suspended = True
                    self.host.ask_handler(side.node, self)
                else:
                    self.host.io_error(side.node, self)

    def _connect(self) -> None:
        a, b = self.sides.values()
        try:
            source = self._source(a, b)
        except Split as split:
            self.host.diverged(self, str(split))
            # after-sb-*: disconnect (F39). Of the two one may only see that the other has gone.
            seen_by = (a, b) if self.clock.chance(0.5) else (self.clock.random.choice((a, b)),)
            for side in seen_by:
                side.alone = True
            return
        self.connected = True
        for side in (a, b):
            side.suspended = side.discards = False
        if "Diskless" in (a.disk, b.disk):
            for side in (a, b):
                if side.disk == "Consistent":
                    side.disk = "UpToDate"
            return
        if source is not None:
            self._resync_from(source)
            return
        for side in (a, b):
            side.disk, side.peer_outdated, side.was_primary = "UpToDate", False, False
            side.needs_new_uuid = False

    def _resync_from(self, source: Side) -> None:
        target = self.other(source.node)
        source.disk = "UpToDate"  # Consistent and Outdated vanish when a peer is synced from here
        target.disk = "Inconsistent"
        self.resync = source.node
        self.clock.tell(f"drbd {self.name}: resync from {source.node}")
        wait = self.clock.between(*(QUICK_S if self.clock.chance(0.3) else RESYNC_S))
        self.clock.after(wait, partial(self._synced, self.losses))
        self.host.resyncs(source.node, self)

    def _source(self, a: Side, b: Side) -> Side | None:
        if a.role == b.role == "Primary":
            raise Split("two Primaries meet")
        if "Inconsistent" in (a.disk, b.disk):
            if a.disk == b.disk:
                raise Violation("S2", f"{self.name}: both disks are Inconsistent")
            return a if b.disk == "Inconsistent" else b
        if a.uuid == b.uuid:
            for one, two in ((a, b), (b, a)):
                ahead = one.role == "Primary" or one.was_primary
                stale = two.disk == "Outdated" or one.writes != two.writes or one.was_primary
                if ahead and stale and not (two.was_primary and not one.was_primary):
                    return one
            return None
        if b.uuid in a.history:
            return a
        if a.uuid in b.history:
            return b
        if "Diskless" in (a.disk, b.disk):
            return None
        for one, two in ((a, b), (b, a)):
            if one.discards and one.role == "Secondary":
                return two
        raise Split("neither copy descends from the other")

    def _synced(self, losses: int) -> None:
        if losses != self.losses or not self.resync:
            return
        if not self.possible() or any(s.hangs for s in self.sides.values()):
            self.clock.after(1.0, partial(self._synced, losses))  # it waits for path and disks
            return
        source = self.sides[self.resync]
        target = self.other(source.node)
        target.disk, target.uuid = "UpToDate", source.uuid
        target.history, target.writes = set(source.history), set(source.writes)
        for side in (source, target):
            side.was_primary = side.peer_outdated = side.needs_new_uuid = False
        self.resync = ""
        self.clock.tell(f"drbd {self.name}: resync ended")
        self._tell()

    def _tell(self) -> None:
        for node in self.sides:
            self.host.disk_changed(node, self)

    # -- what a node asks its kernel --------------------------------------------------------

    def promote(self, node: str, code: int) -> str:
        """drbdsetup primary; code is what the handler says, if it is asked. Returns the refusal."""
        side, other = self.sides[node], self.other(node)
        if not side.up:
            return "no such resource"
        if side.refusing or (self.connected and other.role_told == "Primary"):
            return "multiple primaries not allowed"
        if not self.connected and not side.peer_outdated and side.disk in GOOD:
            if code not in (4, 7):
                return f"fence-peer said {code}"
            self.host.goes_on_alone(node, self)
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

    def handler_answer(self, node: str, code: int, losses: int) -> None:
        """The handler of a Primary has ended; void if the link was back meanwhile (F37)."""
        side = self.sides[node]
        current = losses == self.losses and not self.connected
        if current and side.up and side.role == "Primary" and code in (4, 7):
            self.host.goes_on_alone(node, self)
            side.peer_outdated = True
            self._thaw(side)

    def resume(self, node: str) -> None:
        """drbdsetup resume-io after the peer was excluded."""
        side = self.sides[node]
        if side.up and side.suspended and not self.connected:
            self.host.goes_on_alone(node, self)
            self._thaw(side)

    def outdate(self, node: str) -> None:
        """drbdadm outdate: only while disconnected and Secondary."""
        side = self.sides[node]
        if side.up and not self.connected and side.role == "Secondary" and side.disk in GOOD:
            side.disk = "Outdated"
            self._tell()

    def stuck(self, node: str) -> bool:
        """A mount or unmount on this node does not come back (F44)."""
        side = self.sides[node]
        return side.hangs and side.disk != "Diskless"

    def answers(self, node: str) -> bool:
        """A read of the device below it comes back with what it asked for (F44)."""
        return not self.stuck(node)

    def usable(self, node: str) -> bool:
        """The application on this node can write, now or once frozen I/O flows again."""
        side, other = self.sides[node], self.other(node)
        return side.disk == "UpToDate" or (self.connected and other.disk == "UpToDate")

    def write(self, node: str, number: int) -> bool:
        """One write of the application. True when it is safely acknowledged."""
        side, other = self.sides[node], self.other(node)
        if not side.up or side.role != "Primary" or side.suspended or not self.usable(node):
            return False
        if self.stuck(node):
            return False
        if self.connected:
            if not self.possible() or self.stuck(other.node):
                return False  # on the wire, unanswered
            for copy in (side, other):
                if copy.disk == "UpToDate":
                    copy.writes.add(number)
            return True
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
