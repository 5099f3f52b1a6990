# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the core remembers. Frozen: a step makes a new state. All times monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .config import CoreConfig
from .events import Disk
from .message import Grant, Local, Message, Reach
from .modes import Modes


class Life(Enum):
    """What is known of the peer's life."""

    UNSEEN = "unseen"
    """Not heard since this daemon started: never a reason to fence (F09)."""
    ALIVE = "alive"
    SUSPECT = "suspect"
    SILENT = "silent"
    """Silent for longer than the dead time. Not a proof of anything."""
    GONE = "gone"
    """Proven to run nothing."""

    @property
    def heard(self) -> bool:
        """Its silence is shorter than the dead time: what it said last still holds."""
        return self in (Life.ALIVE, Life.SUSPECT)


class Proof(Enum):
    """Why a peer is known not to run a service."""

    NONE = ""
    FENCED = "fenced and verified off"
    FOUND_OFF = "its fence device says off"
    GOODBYE = "it said goodbye with every service stopped"
    OPERATOR = "the operator confirmed it"
    LEASE = "its watchdog lease ran out"
    LOCK = "its SFEX lock aged out"

    @property
    def powerless(self) -> bool:
        """The peer was off: its disk cannot be called up to date when it returns."""
        return self in (Proof.FENCED, Proof.FOUND_OFF, Proof.OPERATOR)


@dataclass(frozen=True)
class LinkHeard:
    """The last message that came over one link."""

    name: str
    sequence: int
    at: float


@dataclass(frozen=True)
class LinkView:
    """A link that was told to be down, and since when it has been heard again."""

    name: str
    down: bool = False
    steady_since: float | None = None


@dataclass(frozen=True)
class Stranger:
    """The last message of the peer's machine under another name (F80)."""

    incarnation: int = 0
    sequence: int = 0
    at: float | None = None


@dataclass(frozen=True)
class Peer:
    """The other node as seen from here."""

    life: Life
    since: float
    greeted: int = 0
    """Newest incarnation seen in any signed message; echoed back so that it can prove itself."""
    greeted_at: float = 0.0
    signed_at: float | None = None
    """When the last signed message of this node came while it was not alive, whether it counts or
    not (F73)."""
    told_old: bool = False
    """In its present life, it was told that messages of an older life arrive."""
    stranger: Stranger = Stranger()
    incarnation: int = 0
    """The life that has proved itself fresh by echoing ours (F19)."""
    dead: int = 0
    """Every incarnation up to this one is proven dead: its late messages are void (F18)."""
    sequence: int = 0
    heard: tuple[LinkHeard, ...] = ()
    last: float = 0.0
    """When a message that counts came last, or since when this node listens without a gap."""
    lived: float = 0.0
    """By what it has sent, it was alive until then, whenever the message arrived (F81)."""
    pace: float | None = None
    """When it would have sent message number 0, if it had sent one message in each heartbeat."""
    message: Message | None = None
    proof: Proof = Proof.NONE
    latest_s: float = 0.0
    """The longest gap between heartbeats of which a warning was given (F21)."""


UNKNOWN_LIFE = -1


@dataclass(frozen=True)
class Cut:
    """This node's order to switch the peer off, until it is over."""

    levels: tuple[int, ...]
    """Which devices have to switch it on again: every one that was ordered and may have acted."""
    life: int = 0
    """Newest incarnation known when the shots had ended, UNKNOWN_LIFE if an earlier life of this
    daemon gave the order."""
    due: float | None = None
    """When it is to be switched on, None while shots are under way."""
    tries: int = 0
    at: float = 0.0
    """When the shot was ordered, or had ended. Older words are no sign of life after it."""


@dataclass(frozen=True)
class Asked:
    """A level that is asked or ordered now. One of each kind at most for a level."""

    op: int
    level: int
    asked_at: float
    expires: float
    """When it has failed unless it was answered before (F76)."""
    of: int
    """Newest incarnation known when it was asked; UNKNOWN_LIFE if the peer has lived since."""


@dataclass(frozen=True)
class Exclusion:
    """The work of fencing the peer. An op of 0 means that none is under way.

    After its until an op has failed, unless it was answered (F76).
    """

    questions: tuple[Asked, ...] = ()
    """Of one round: every fence device is asked at once."""
    next_query: float = 0.0
    since: float | None = None
    """Since when there is a reason to shoot at the peer, None while there is none."""
    shots: tuple[Asked, ...] = ()
    """The orders to switch off that are under way. A new round begins when all have ended."""
    last_level: int = -1
    """The level that was ordered last in this round, -1 between two rounds."""
    next_at: float = 0.0
    """When the next level is ordered although those before it may still succeed."""
    failure: str = ""
    """What went wrong with the last shot, for people."""
    tries: int = 0
    retry_at: float = 0.0
    cut: Cut | None = None
    """This node has ordered the peer's power off, and the peer has not lived since (F10)."""
    on_op: int = 0
    on_until: float = 0.0


@dataclass(frozen=True)
class Waiting:
    """A fence-peer handler of DRBD that waits for its answer while I/O is frozen."""

    request: int
    until: float


@dataclass(frozen=True)
class Move:
    """A planned move in progress."""

    to: str
    until: float
    request: int = 0
    """The operator's command to answer, 0 if none waits."""


@dataclass(frozen=True)
class Contact:
    """What the peer is known to have heard from here, by the time at which it was sent.

    A heartbeat that arrives proves little: it may come from a buffer, and of a path only the other
    direction may be left (F17, F18). One that says which of ours it answers proves that the peer
    heard this node after that one was sent.
    """

    asked: int = 0
    """Sequence of the own heartbeat whose answer is waited for, 0 for none."""
    asked_at: float = 0.0
    answered_at: float | None = None
    """When the newest own heartbeat was sent that a message of the peer has answered."""
    acked_at: float | None = None
    """When the newest own heartbeat was sent that the peer is known to have heard."""
    anchors: tuple[tuple[str, float], ...] = ()
    """The same for each service, as it was when both nodes last said its replication is connected;
    what is not replicated needs no connection."""
    heard_at: float = 0.0
    """When the peer was last heard before the pause of paused_at."""
    paused_at: float = 0.0


@dataclass(frozen=True)
class Watch:
    """The watch over a silent peer, over the ping targets and over this node's watchdog."""

    ping_since: float | None = None
    """Since when a ping target has been reached without a gap."""
    ping_at: float | None = None
    """When the last request was sent that a ping target has answered."""
    quiet_since: float | None = None
    """Since when all has been silent: heartbeats, kernel and addresses of the peer."""
    probe_op: int = 0
    probe_at: float = 0.0
    """When the last probe was ordered."""
    probed_at: float = 0.0
    """When the last one was ordered to which nobody answered."""
    next_probe: float = 0.0
    answered: str = ""
    """Who answered the last probe."""
    next_pet: float = 0.0


class Repair(Enum):
    """Whether the storage of a service is open alone here, for people (F91)."""

    NONE = ""
    OPEN = "open"
    """It is, or is to be as soon as the peer has given leave."""
    CLOSING = "closing"


@dataclass(frozen=True)
class Service:
    """One service on this node."""

    name: str
    local: Local = Local.UNKNOWN
    since: float = 0.0
    op: int = 0
    op_until: float = 0.0
    """When the order of that number has failed unless it is answered before (F76)."""
    doing: str = ""
    """What the shell last said about the progress of the order (F77)."""
    overtime: bool = False
    """It was told that a look takes longer than its limit."""
    told_s: float = 0.0
    """How long the start under way had taken when that was told last (F77)."""
    mine: bool = False
    """This node has it, or did when this life began, as far as it remembers (F31)."""
    generation: int = 0
    rightful: bool = False
    """It may be here: the peer granted it, was proven gone, or this life found it running (S1)."""
    claim: int = 0
    grant: Grant | None = None
    disk: Disk = field(default_factory=Disk)
    why: str = ""
    """Why it does not run anywhere, empty when it does or is about to."""
    failed_at: float | None = None
    failure: str = ""
    restarts: tuple[float, ...] = ()
    doomed: bool = False
    """Its stop has failed, and it was not looked at since: this node asks to be fenced (F47)."""
    move: Move | None = None
    waiting: tuple[Waiting, ...] = ()
    promise: int = 0
    """Number of the open request to the peer that it outdate its disk, 0 for none (F13)."""
    outdated: int = 0
    """Number of the peer's request that was carried out here."""
    outdating: int = 0
    """Number of the peer's request that was ordered here, 0 once the disk was seen after that."""
    clear: int = 0
    """Number of the open request to the peer that it forget its failures, 0 for none (F48)."""
    cleared: int = 0
    """Number of the peer's request that was carried out here."""
    home_since: float | None = None
    """Since when it could be moved back to its preferred node, None while it cannot (F10)."""
    filled: int = 0
    """The highest threshold of its file system's use that was told, in percent (F45)."""
    cramped: str = ""
    """Why a start would find no room on its file system, empty if it would (F91)."""
    proof: Proof = Proof.NONE
    """Why the peer is known not to have this service, though it may live: LEASE or LOCK."""
    proof_at: float = 0.0
    sick: str = ""
    """Why the disk below it on this node is not reliable, empty if it is (F44)."""
    next_outdate: float = 0.0
    dropped_at: float | None = None
    """When DRBD was last ordered to drop its peer, None if never (F34)."""
    next_resume: float = 0.0
    split_at: float | None = None
    """When to tell people that DRBD is StandAlone, None if there is nothing to tell (F39)."""
    split: bool = False
    """People were told, and the kernels have not connected since (F39)."""
    repair: Repair = Repair.NONE
    repair_request: int = 0
    """The operator's command to answer when it is open or closed, 0 if none waits."""
    repair_until: float = 0.0
    """Until when the peer's leave is waited for."""

    @property
    def held(self) -> bool:
        """This node has it, or may still have some of it."""
        return self.local.held


@dataclass(frozen=True)
class Lan:
    """What this node sees of the service network; see headstart."""

    reached_at: float | None = None
    """When the question was asked that a ping target has answered last."""
    complete_at: float | None = None
    """The same of the last one that all targets have answered."""
    probe_op: int = 0
    """The probe of the addresses that is under way, 0 for none."""
    probed_at: float = 0.0
    """When the last probe began."""
    silent_at: float | None = None
    """The same, if no address has answered it."""


@dataclass(frozen=True)
class State:
    """One node's whole memory."""

    config: CoreConfig
    incarnation: int
    started: float
    peer: Peer
    services: tuple[Service, ...]
    exclusion: Exclusion = Exclusion()
    counter: int = 0
    """Source of the numbers of ops, claims and requests; never goes back in one life."""
    sequence: int = 0
    next_beat: float = 0.0
    said: Message | None = None
    """The last heartbeat sent."""
    handover: int = 0
    """Request number of the handover in progress, 0 for none (F61)."""
    left: bool = False
    """It has said goodbye: this life is over."""
    modes: Modes = field(default_factory=Modes)
    reach: Reach = Reach.UNKNOWN
    lan_lost_since: float | None = None
    """Since when the peer reaches its ping targets and this node does not, without a break."""
    ineligible: str = ""
    """Why this node may not own services at all, empty if it may (F29)."""
    ineligible_since: float = 0.0
    links: tuple[LinkView, ...] = ()
    """Those that are down or not yet steady again (F11, F20)."""
    bad_devices: tuple[int, ...] = ()
    """Levels whose fence device did not answer when it was last checked (F24)."""
    defects: tuple[float, ...] = ()
    """When rules broke down of late; see safestop."""
    defect: str = ""
    """Why this life ends in a safe stop, empty if it does not."""
    contact: Contact = Contact()
    watch: Watch = Watch()
    lan: Lan = Lan()
    wake: float = 0.0
    """When the next Tick is due at the latest."""

    @property
    def leaving(self) -> bool:
        """It hands over, or has left."""
        return self.handover != 0 or self.left

    def service(self, name: str) -> Service | None:
        """The service of that name."""
        for service in self.services:
            if service.name == name:
                return service
        return None
