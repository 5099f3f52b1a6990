# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the core can order. The shell carries actions out in the order given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .message import Message
from .modes import Modes


class Ask(Enum):
    """What to do with a fence device. OFF is verified by a status of its own."""

    STATUS = "status"
    OFF = "off"
    ON = "on"


class Level(Enum):
    """How much a note matters to a person."""

    INFO = "info"
    ALERT = "alert"


@dataclass(frozen=True)
class Send:
    """Send this heartbeat over every link, at once."""

    message: Message


@dataclass(frozen=True)
class Probe:
    """Look at every resource of the service; answered by Probed."""

    service: str
    op: int


@dataclass(frozen=True)
class Start:
    """Start the service's resources in dependency order; answered by OpDone."""

    service: str
    op: int
    generation: int
    peer_gone: bool
    """The peer is proven gone: DRBD's handler may be told so during this promotion."""
    repair: bool = False
    """Its storage alone, for people to repair what is on it (F91)."""


@dataclass(frozen=True)
class Stop:
    """Stop the service's resources in reverse order; answered by OpDone."""

    service: str
    op: int
    urgent: str = ""
    """The resource that does not answer: it, and what needs it, is asked for a moment only, and
    then all of it is killed (F51)."""
    planned: bool = False
    """Its clients are served until it stops, so what makes the stop shorter may be done first."""


@dataclass(frozen=True)
class Recover:
    """Restart one resource and what depends on it, in place; answered by OpDone."""

    service: str
    op: int
    resource: str
    urgent: str = ""
    """As for Stop."""


@dataclass(frozen=True)
class Fence:
    """Use exclusion method number level on the peer; answered by FenceDone.

    A level of the kind SFEX is ordered OFF only: take over every lock that the peer may hold; power
    OFF in the answer means that all locks are this node's. A level of the kind LEASE is never used.
    """

    op: int
    level: int
    ask: Ask


@dataclass(frozen=True)
class Pet:
    """Pet the watchdog now. Nothing else may pet it.

    The shell opens the device at the first Pet of a life, not before: opening it pets it, and a
    daemon that restarts has to find contact first. It never disarms while anything is held (F30).
    """


@dataclass(frozen=True)
class ProbeAddresses:
    """Probe every service's virtual address that is not up here; answered by AddressesProbed.

    A probe takes at most a second, and asks each address more than once.
    """

    op: int


@dataclass(frozen=True)
class AnswerHandler:
    """End DRBD's waiting fence-peer handler with this exit code."""

    request: int
    code: int


@dataclass(frozen=True)
class Outdate:
    """Mark this node's replicated disk as outdated; the result shows as DiskChanged (F13)."""

    service: str


@dataclass(frozen=True)
class ResumeIO:
    """Let frozen I/O of the service go on: the peer is excluded (F41)."""

    service: str


@dataclass(frozen=True)
class DropPeer:
    """Let DRBD drop its connection to a peer that is proven off; the result shows as DiskChanged.

    The shell does so only if nothing has come from the peer's kernel for longer than a live one is
    ever silent (F12). Otherwise it changes nothing, and the order may be repeated.
    """

    service: str


@dataclass(frozen=True)
class Reply:
    """Answer an operator's command."""

    request: int
    ok: bool
    text: str


@dataclass(frozen=True)
class Note:
    """An entry of the history. code is stable, text is for people."""

    level: Level
    code: str
    text: str
    service: str = ""


@dataclass(frozen=True)
class Own:
    """Remember across a restart of the daemon whether this node holds the service (F31)."""

    service: str
    held: bool
    generation: int
    repair: bool = False
    """It is held for people to repair it: its storage alone is open (F91)."""


@dataclass(frozen=True)
class KeepModes:
    """Remember the operator's modes across restarts and boots; begin() takes them back."""

    modes: Modes


@dataclass(frozen=True)
class KeepLife:
    """Remember that this life goes on under this number: the next one has to be greater (F73)."""

    incarnation: int


@dataclass(frozen=True)
class KeepCut:
    """Remember across a restart of the daemon which level has ordered the peer's power off (F10).

    begin() takes it back in the same boot. level: its name, empty when that is over.
    """

    level: str


@dataclass(frozen=True)
class KeepSplit:
    """Remember over restarts and boots whether the copies of the service have diverged (F39)."""

    service: str
    split: bool


@dataclass(frozen=True)
class Leave:
    """All is stopped and said: the daemon may end this life (F61)."""


Action = (
    Send | Probe | Start | Stop | Recover | Fence | Pet | ProbeAddresses | AnswerHandler | Outdate
    | ResumeIO | DropPeer | Reply | Note | Own | KeepModes | KeepLife | KeepCut | KeepSplit
    | Leave
)  # fmt: skip
