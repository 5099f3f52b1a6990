# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a heartbeat says. The wire format signs and carries it; the core reads and writes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

REORDER = 10
"""How many heartbeats a slower link may lag behind the quickest and still count (F18)."""


class Local(Enum):
    """The state of a service on one node."""

    UNKNOWN = "unknown"
    """It was not probed yet. That does not count as stopped."""
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    RECOVERING = "recovering"
    STOPPING = "stopping"
    BROKEN = "broken"
    """Neither known to run nor proven stopped: nobody starts it until this node is excluded."""

    @property
    def up(self) -> bool:
        """It runs, or is about to run again."""
        return self in (Local.STARTING, Local.RUNNING, Local.RECOVERING)

    @property
    def holding(self) -> bool:
        """It runs or is on its way to run or to stop."""
        return self.up or self is Local.STOPPING

    @property
    def held(self) -> bool:
        """Something of it is there, or may be. What was not probed yet is not counted."""
        return self.holding or self is Local.BROKEN

    @property
    def changing(self) -> bool:
        """It is being started, recovered or stopped."""
        return self.holding and self is not Local.RUNNING


class Reach(Enum):
    """Whether a node reaches the ping targets of the service network (F22, F23)."""

    UNKNOWN = "unknown"
    """Nothing is configured, not yet tried, or the sender is too old to say."""
    LOST = "lost"
    REACHED = "reached"


@dataclass(frozen=True)
class Grant:
    """Leave to start, given to one claim of one life of the other node."""

    claim: int
    incarnation: int


@dataclass(frozen=True)
class ServiceReport:
    """What a node says of one service. A new field comes last: older versions count them (F63)."""

    name: str
    local: Local
    generation: int
    claim: int = 0
    """Number of the sender's open claim to start the service, 0 for none."""
    grant: Grant | None = None
    """Leave given to the receiver."""
    able: bool = False
    """The sender could start it: data up to date, no failure, not leaving."""
    why: str = ""
    """If not able: the reason, in words."""
    pull: int = 0
    """Number of the sender's request that the receiver hand the service over, 0 for none."""
    doomed: bool = False
    """A stop failed: the sender asks to be fenced (F47)."""
    outdate: int = 0
    """Number of the request that the receiver outdate its disk, 0 for none (F13)."""
    outdated: int = 0
    """Number of the receiver's request that the sender has carried out."""
    score: int = 0
    """How well the service would do on the sender, 0 if it is not able (or too old to say)."""
    linked: bool = False
    """The sender's kernel says that the replication is connected."""
    split: bool = False
    """The kernels refuse each other, and the sender's copy may hold what the other lacks (F39)."""
    clear: int = 0
    """Number of the request that the receiver forget its failures, too, 0 for none (F48)."""
    cleared: int = 0
    """Number of the receiver's request that the sender has carried out."""
    cramped: bool = False
    """It runs on the sender, and a start elsewhere would find no room (F91)."""


@dataclass(frozen=True)
class Message:
    """One heartbeat."""

    cluster: str
    node: str
    incarnation: int
    """One life of the sending daemon; grows with each life and cannot be guessed."""
    sequence: int
    """Counts the heartbeats of this life; the same number may travel over every link (F18)."""
    echo: int
    """The receiver's incarnation as the sender knows it, 0 if unknown: proves freshness (F19)."""
    hears: tuple[str, ...]
    """Links on which the sender heard the receiver of late (F17)."""
    services: tuple[ServiceReport, ...]
    goodbye: bool = False
    """The sender ends this life with every service stopped (F61)."""
    reach: Reach = Reach.UNKNOWN
    """The sender's view of the ping targets."""
    maintenance: int | None = None
    """Count of the changes of the maintenance mode, odd while it is on (F66)."""
    standby: int | None = None
    """The same for the sender's standby mode; None: the sender is too old to know it (F63)."""
    peer_standby: int | None = None
    """The same for the receiver's standby mode, as the sender knows it."""
    heard: int = 0
    """The greatest sequence that was heard of the receiver's life named in echo, 0 for none."""
    pact: int = 0
    """What the sender's lease or lock stands on, as a number, 0 without (see CoreConfig)."""

    def report(self, name: str) -> ServiceReport | None:
        """What it says of that service."""
        for report in self.services:
            if report.name == name:
                return report
        return None
