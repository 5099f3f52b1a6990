# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core knows of the configuration. All times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

LEAD_S = 5.0
"""So long a fence device that answers questions is alone with an order to switch off. Then the next
level has it too (F83)."""
FENCE_LIMIT_S = 120.0
"""The limit of a level for which none is configured."""


@dataclass(frozen=True)
class Timing:
    """Durations of the failure detector and of exclusion, in seconds."""

    heartbeat_s: float = 0.2
    """How often a heartbeat is sent over every link."""
    suspect_s: float = 0.8
    """Silence after which the fence devices are asked (only asked) for the peer's power."""
    dead_s: float = 3.0
    """Silence after which the peer may be fenced."""
    fence_delay_s: float = 6.0
    """Head start of the owner: how much later the standby fences (F14, F15). It has to be longer
    than a fence takes; a peer whose device says off is gone without it."""
    fence_retry_s: float = 5.0
    """First pause after all exclusion methods failed; doubles up to one minute (F03)."""
    query_s: float = 3.0
    """Pause between two rounds of asking the fence devices about a silent peer."""
    startup_s: float = 20.0
    """How long a starting node waits for a peer it has never heard before it asks (F09)."""
    handler_s: float = 60.0
    """How long DRBD's fence-peer handler is kept waiting for an exclusion (F36)."""
    move_s: float = 90.0
    """How long a planned move may take before it is rolled back (F62)."""
    failure_expiry_s: float = 3600.0
    """How long a failure on this node is remembered (F48)."""
    power_on_s: float = 15.0
    """How long after a fence the peer is powered on again."""
    witness_s: float = 2.5
    """How long an owner has to miss its ping targets, while the peer reaches them, before its
    services are moved (F22). Longer than one node may see a target come or go before the other:
    one round of pings, a heartbeat, and both late."""
    link_steady_s: float = 30.0
    """How long a link that was down has to be heard without a gap to count as up (F20)."""


class Kind(Enum):
    """What an exclusion level is."""

    STONITH = "stonith"
    """A fence device: it is asked and ordered, and what it says is verified."""
    SFEX = "sfex"
    """The locks on the shared disk: ordered OFF, the shell takes over every lock of the peer."""
    LEASE = "lease"
    """The peer's watchdog lease: nothing is ordered, the core decides by time."""


@dataclass(frozen=True)
class Lease:
    """The watchdog lease: how long a node may own what without being in contact. In seconds."""

    lease_s: float = 10.0
    """Without contact for half of this the owner stops its services; for all of it, it does not
    pet its watchdog any more while anything is still held."""
    watchdog_s: float = 10.0
    """The watchdog resets the node when it was not petted for so long."""
    margin_s: float = 2.0
    """Reserve for clocks that run at different speeds, and for probes that take a while."""
    window_s: float = 15.0
    """How long after takeover_s a standby may still take over by the lease."""

    @property
    def takeover_s(self) -> float:
        """After this much silence an owner without contact has stopped, or was reset."""
        return self.lease_s + self.watchdog_s + self.margin_s

    @property
    def closed_s(self) -> float:
        """After this much silence, the peer has no right left to take over by the lease."""
        return self.takeover_s + self.window_s + self.margin_s


@dataclass(frozen=True)
class Limits:
    """How long an order for a service may go without an answer before it has failed (F76).

    In seconds. Longer than what the shell itself waits, which answers then.
    """

    probe_s: float = 150.0
    start_s: float = 330.0
    stop_s: float = 150.0
    recover_s: float = 450.0


@dataclass(frozen=True)
class ServiceConfig:
    """One service, as far as decisions need it."""

    name: str
    preferred: str = ""
    replicated: bool = True
    """True when the storage is DRBD: data state and frozen I/O take part in decisions."""
    restarts: int = 3
    """Restarts in place before a failing resource moves the service (F50)."""
    failure_expiry_s: float | None = None
    """How long its failures are remembered; None: what the cluster's timing says (F48)."""
    locked: bool = False
    """True when the storage is a shared disk with an SFEX lock: Proof.LOCK speaks for it, and for
    no other service."""
    failback: bool = False
    """Moved back to the preferred node by itself once that is possible again (F10)."""
    failback_delay_s: float = 300.0
    """How long that has to be possible without a break before the move."""
    limits: Limits = field(default_factory=Limits)
    retired: bool = False
    """No longer in the configuration: it is stopped where it runs, and starts nowhere (F79)."""


@dataclass(frozen=True)
class CoreConfig:
    """One cluster seen from one of its two nodes."""

    cluster: str
    node: str
    peer: str
    links: tuple[str, ...]
    services: tuple[ServiceConfig, ...]
    levels: tuple[str, ...] = ()
    """Names of the exclusion methods in the order in which they are tried."""
    kinds: tuple[Kind, ...] = ()
    """What each level is; one that is missing is STONITH."""
    fence_limits_s: tuple[float, ...] = ()
    """How long each level may go without an answer before it has failed (F76)."""
    lease: Lease | None = None
    """Set if and only if one of the levels is of the kind LEASE."""
    pact: int = 0
    """What a lease or an SFEX lock stands on, as a number: their durations, and the addresses that
    are asked for. They prove something only if they stand on the same on the peer (F80)."""
    watchdog_s: float = 0.0
    """The time after which this node's watchdog resets it, 0 if it has none. With a lease it is the
    same number as there. With a watchdog Pet is ordered, with or without a lease."""
    witness: bool = False
    """Ping targets are asked, and every service has an address: what each node sees of the service
    network decides who has a head start."""
    power_on: bool = True
    """Power the peer on again after it was fenced."""
    timing: Timing = field(default_factory=Timing)

    def kind(self, level: int) -> Kind:
        """What this level is."""
        return self.kinds[level] if level < len(self.kinds) else Kind.STONITH

    @property
    def has_stonith(self) -> bool:
        """One of the levels is a fence device."""
        return any(self.kind(level) is Kind.STONITH for level in range(len(self.levels)))

    def fence_limit_s(self, level: int) -> float:
        """How long it may go without an answer."""
        known = level < len(self.fence_limits_s)
        return self.fence_limits_s[level] if known else FENCE_LIMIT_S
