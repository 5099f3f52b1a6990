# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can happen to the core. Each is journalled before it is acted on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .message import Message, Reach


class Found(Enum):
    """What a probe found of a service on this node."""

    STOPPED = "stopped"
    RUNNING = "running"
    PARTIAL = "partial"


class Power(Enum):
    """What a fence device is known to have done or said. A timeout is UNKNOWN."""

    OFF = "off"
    ON = "on"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Disk:
    """The state of a replicated disk, in DRBD's own words (Primary, UpToDate, Connected, ...)."""

    role: str = "Unknown"
    disk: str = "Unknown"
    peer_role: str = "Unknown"
    peer_disk: str = "Unknown"
    connection: str = "Unknown"
    suspended: bool = False
    """I/O is frozen until the peer is excluded."""

    @property
    def connected(self) -> bool:
        """The kernels talk to each other, whatever the heartbeats say (F12)."""
        return self.connection in CONNECTED

    @property
    def split(self) -> bool:
        """The kernels refuse each other: their copies may have diverged (F39)."""
        return self.connection == "StandAlone"

    @property
    def current(self) -> bool:
        """The only state from which a service may start (F08, F33, F42)."""
        return self.disk == "UpToDate"


CONNECTED = frozenset((
    "Connected", "StartingSyncS", "StartingSyncT", "WFBitMapS", "WFBitMapT", "WFSyncUUID",
    "SyncSource", "SyncTarget", "VerifyS", "VerifyT", "PausedSyncS", "PausedSyncT",
    "Ahead", "Behind", "Established",
))  # fmt: skip
"""States of a connection in which the kernels talk to each other."""


@dataclass(frozen=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True)
class Heard:
    """A correctly signed message arrived."""

    link: str
    message: Message


@dataclass(frozen=True)
class Paused:
    """The daemon found that it had not run for a while (F26)."""

    gap_s: float


@dataclass(frozen=True)
class Probed:
    """A service was looked at. mine: this node started it earlier in this boot."""

    service: str
    op: int
    found: Found
    mine: bool
    detail: str = ""
    generation: int = 0
    """The service's generation as this node last recorded it."""
    repair: bool = False
    """Its storage alone was opened here for people (F91); running says that it still is."""


@dataclass(frozen=True)
class OpDone:
    """A start, stop or recovery that was ordered has ended."""

    service: str
    op: int
    ok: bool
    reason: str = ""


@dataclass(frozen=True)
class OpProgress:
    """A start, stop or recovery goes on. text: what it does now and how far it is, for people.

    Post it only when it has got on since the last time: a start is given its whole limit again
    (F77). And of a look that cannot be made for want of means (F75). Not more often than every few
    seconds.
    """

    service: str
    op: int
    text: str


@dataclass(frozen=True)
class DiskChanged:
    """The replicated disk of a service changed state."""

    service: str
    disk: Disk


@dataclass(frozen=True)
class FenceDone:
    """A fence device was asked (status) or ordered (off, on)."""

    op: int
    power: Power
    detail: str = ""


@dataclass(frozen=True)
class HandlerAsked:
    """DRBD froze the I/O of a service and asks whether the peer is excluded."""

    request: int
    service: str


@dataclass(frozen=True)
class HandlerGone:
    """The handler ended without waiting for the answer (F36)."""

    request: int


@dataclass(frozen=True)
class ResourceFailed:
    """A part of a running service failed."""

    service: str
    resource: str
    reason: str
    silent: bool = False
    """It does not answer at all: it hangs, or it was stopped by a signal (F51)."""


@dataclass(frozen=True)
class Reached:
    """What the monitor of the ping targets found (F22, F23).

    REACHED is posted after every round in which a target has answered (about once a second), not
    only when it changes: the lease lives on it. LOST is posted when the monitor has made up its
    mind, after several rounds without an answer.
    """

    reach: Reach
    asked_at: float = 0.0
    """For REACHED: the monotonic time at which the request was sent that has been answered; 0 if
    it is not known, which keeps no lease alive."""
    complete: bool = False
    """For REACHED: every target has answered."""


@dataclass(frozen=True)
class DeviceChecked:
    """A fence device was asked how it is while all is well (F24). level: which one."""

    level: int
    ok: bool
    detail: str = ""


@dataclass(frozen=True)
class Eligible:
    """Whether this node may own services at all (F29). why: the reason if not, else empty."""

    why: str = ""


@dataclass(frozen=True)
class AddressesProbed:
    """Every service's virtual address that is not up here was probed (ARP, ND) on its LAN."""

    op: int
    answered: str = ""
    """Empty if all were silent; else who answered (address, MAC), or why it could not be probed:
    what is not known to be silent counts as answered."""


@dataclass(frozen=True)
class LockLost:
    """The SFEX lock of a service here was stolen (F64) or could not be renewed in time (F65).

    The shell resets the node without asking; this is for the journal.
    """

    service: str
    detail: str = ""


@dataclass(frozen=True)
class SpaceUsed:
    """How full a file system of a service is, in percent (F45)."""

    service: str
    percent: int
    room: int | None = None
    """Bytes that may still be written there, about; 0 if not one more file can be made."""
    path: str = ""


@dataclass(frozen=True)
class DiskTried:
    """The disk below a service on this node was read (F44). why: what is wrong, empty if good."""

    service: str
    why: str = ""


class Verb(Enum):
    """What an operator may ask."""

    SWITCHOVER = "switchover"
    HANDOVER = "handover"
    CONFIRM_FENCED = "confirm-fenced"
    CLEAR = "clear"
    STANDBY = "standby"
    ONLINE = "online"
    MAINTENANCE = "maintenance"
    OPEN_STORAGE = "open-storage"
    CLOSE_STORAGE = "close-storage"


@dataclass(frozen=True)
class Command:
    """An operator's wish. argument: a service, a node, or on and off; empty where that is plain."""

    request: int
    verb: Verb
    argument: str = ""
    who: str = ""
    to: str = ""
    """Where a switchover is to end, empty for the other node."""


Event = (
    Tick | Heard | Paused | Probed | OpDone | OpProgress | DiskChanged | FenceDone | HandlerAsked
    | HandlerGone | ResourceFailed | Reached | DeviceChecked | Eligible | AddressesProbed
    | LockLost | SpaceUsed | DiskTried | Command
)  # fmt: skip
