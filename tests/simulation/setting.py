# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is configured in one world, drawn from its seed, and what that configuration promises."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from failoverd.core.config import CoreConfig, Kind, Lease, Limits, ServiceConfig, Timing
from failoverd.core.lock import Times

from .systemd import PRESERVE

NAMES = ("node1", "node2")
REPLICATION = "cross"
"""The link that DRBD replicates over; heartbeats use it too."""
_KINDS = {"lease": Kind.LEASE, "sfex": Kind.SFEX}
BOOT_S = (2.0, 7.0)
DEVICE_TIMEOUT_S = 12.0
START_TIMEOUT_S = 10.0
RESYNC_S = (0.5, 9.0)
LEASED = 0.3
"""Share of the worlds with a watchdog lease."""
STATELESS = 0.5
"""Share of the second services that have no replicated disk."""
SHARED = 0.17
"""Share of the worlds without a lease that stand on a shared disk with SFEX locks."""
SLOW_WAYS = 20
"""So many ways of requests lie behind each other until a lock is had."""
SLOW_DISK = 0.15
"""Share of the worlds on a shared disk in which that disk is slow for good."""
MARGIN_S = 2.0
DEVICE_S = 3.3
"""A device that answers has switched off, and said so."""
QUICK_START_S = 5.0
"""A start of what is well, with a promotion that is refused at first."""
WITNESSED = 0.5
"""Share of the worlds in which ping targets decide who has a head start."""
LOCK_S = 60.0
"""A lock is waited for so long before a start has failed."""
CLUSTER = "sim"
FAILBACK_S = 16.0
"""Longer than any planned move of the finale."""


@dataclass(frozen=True)
class Setting:
    """One cluster as it was configured, and what its hosts are like."""

    timing: Timing
    links: tuple[str, ...]
    levels: tuple[str, ...]
    services: tuple[ServiceConfig, ...]
    newer: str
    """The node whose daemon is one version ahead during a rolling upgrade (F63), or none."""
    older: str
    """The node whose daemon is one version behind: it leaves out what has a default (F63)."""
    lease: Lease | None = None
    """The watchdog lease; with it the last level is of that kind."""
    shared: bool = False
    """Every service is on the shared disk under an SFEX lock; a watchdog is needed for that."""
    locks: Times = field(default_factory=Times)
    disk_s: float = 0.0
    """The shared disk is slow for good: each way of a request takes so long."""
    watchdog_s: float = 0.0
    witness: bool = False
    """Ping targets decide who has a head start."""
    preserve: str = PRESERVE
    """What the unit file of the daemon says of its run directory (F72)."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The levels that are fence devices."""
        return tuple(level for level in self.levels if level not in ("lease", "sfex"))

    @property
    def locks_decide(self) -> bool:
        """Who has the locks excludes the other."""
        return "sfex" in self.levels

    @property
    def alone(self) -> bool:
        """No fence device: an owner that is silent is left in peace while it may live."""
        return not self.devices

    @property
    def watched(self) -> bool:
        """Every node has a watchdog."""
        return self.lease is not None or self.shared

    @property
    def leased(self) -> bool:
        """The lease is the only way to exclude a peer."""
        return self.lease is not None and len(self.levels) == 1

    @property
    def limits(self) -> Limits:
        """How long an order may go without an answer (F76): longer than the shell ever waits."""
        lock_s = LOCK_S if self.shared else 0.0
        start_s = START_TIMEOUT_S + self.timing.handler_s + lock_s + 8.0
        return Limits(12.0 + lock_s, start_s, START_TIMEOUT_S + lock_s + 4.0, 12.0)

    @property
    def fence_limits_s(self) -> tuple[float, ...]:
        """The same of each level."""
        ages_s = 2 * (self.locks.timeout_s + self.locks.collision_s) + 10.0
        return tuple(ages_s if level == "sfex" else 25.0 for level in self.levels)

    def of(self, node: str) -> CoreConfig:
        """The configuration as one node sees it."""
        peer = NAMES[1] if node == NAMES[0] else NAMES[0]
        return CoreConfig(
            cluster=CLUSTER,
            node=node,
            peer=peer,
            links=self.links,
            services=tuple(replace(s, limits=self.limits) for s in self.services),
            fence_limits_s=self.fence_limits_s,
            levels=self.levels,
            kinds=tuple(_KINDS.get(level, Kind.STONITH) for level in self.levels),
            lease=self.lease,
            watchdog_s=self.watchdog_s,
            witness=self.witness,
            timing=self.timing,
        )

    @property
    def takeover_s(self) -> float:
        """From the death of an owner to the service on its healthy standby."""
        t = self.timing
        alone_s = self.lease.closed_s + 5.0 if self.lease is not None else 0.0
        head_start_s = t.fence_delay_s * (3 if self.witness else 1)
        fences_s = head_start_s + t.query_s + 6.0 * len(self.levels)
        locks = self.locks
        ages_s = locks.timeout_s + locks.collision_s + 2 * locks.renew_s if self.shared else 0.0
        ages_s += self.late_s
        return t.dead_s + max(alone_s, fences_s + ages_s) + START_TIMEOUT_S

    @property
    def late_s(self) -> float:
        """So much longer a lock takes on a disk that is slow for good.

        The first write of a claim may have come late there, so that it waits for the timeout.
        """
        return self.locks.timeout_s + SLOW_WAYS * self.disk_s if self.disk_s else 0.0

    @property
    def excluded_s(self) -> float:
        """The same of an owner whose first device is dead, with the shortest waits (F83).

        With ping targets the standby sees that the owner serves nobody, and does not wait.
        """
        if self.watched:
            return self.takeover_s
        return (
            self.timing.dead_s
            + self.timing.fence_delay_s
            + DEVICE_S * len(self.levels)
            + QUICK_START_S
        )

    @property
    def repair_s(self) -> float:
        """From the end of all faults to the service on one node and a standby that is ready.

        Sum of the longest waits that may lie behind each other: an operator's planned move, a
        handler, the longest pause between two fences (one minute), both nodes switched off and
        on, the wait of a starting node, a resync, a start, and a stop that fails first.
        """
        t = self.timing
        waits = t.move_s + t.handler_s + t.startup_s + 2 * (t.power_on_s + BOOT_S[1])
        devices = len(self.levels) * (DEVICE_TIMEOUT_S + 8.0)
        return (
            60.0
            + 4 * FAILBACK_S
            + 4 * self.late_s
            + waits
            + devices
            + self.takeover_s
            + 3 * RESYNC_S[1]
            + 3 * START_TIMEOUT_S
            + self.limits.probe_s
            + self.limits.start_s
            + self.limits.stop_s
            + sum(self.fence_limits_s)
        )


def draw(seed: int) -> Setting:
    """The setting of one seed: from the shipped timing to heartbeats once a second."""
    rng = random.Random(f"setting {seed}")
    plain = random.Random(f"stateless {seed}")
    names = ("shop",) if rng.random() < 0.7 else ("shop", "mail")
    services = tuple(
        ServiceConfig(
            name,
            preferred=rng.choice((*NAMES, "")),
            restarts=rng.choice((0, 1, 3)),
            failback=rng.random() < 0.2,
            failback_delay_s=rng.uniform(FAILBACK_S, 2 * FAILBACK_S),
            replicated=name == "shop" or plain.random() >= STATELESS,
        )
        for name in names
    )
    timing = Timing() if rng.random() < 0.05 else _timing(rng)
    setting = Setting(
        timing=timing,
        links=("lan", REPLICATION) if rng.random() < 0.6 else ("lan", REPLICATION, "serial"),
        levels=("bmc",) if rng.random() < 0.65 else ("bmc", "pdu"),
        services=services,
        newer=rng.choice(NAMES) if rng.random() < 0.1 else "",
        older=rng.choice(NAMES) if rng.random() < 0.1 else "",
    )
    decide = random.Random(f"witness {seed}").random() < WITNESSED
    setting = replace(setting, witness=decide)
    leased = _leased(setting, random.Random(f"lease {seed}"))
    return leased if leased.lease is not None else _shared(setting, random.Random(f"sfex {seed}"))


def _shared(setting: Setting, rng: random.Random) -> Setting:
    """A part of the clusters has no replication, but a disk that both nodes reach."""
    if rng.random() >= SHARED:
        return setting
    only = rng.random() < 0.5
    decides = only or rng.random() < 0.6
    stonith = () if only else setting.levels
    watchdog_s = rng.uniform(6.5, 10.0)
    renew_s = rng.uniform(0.3, 1.0)
    lease_s = renew_s * rng.uniform(3.0, 6.0)
    least_s = lease_s + MARGIN_S + (watchdog_s if decides else 0.0)
    locks = Times(
        renew_s=renew_s,
        lease_s=lease_s,
        collision_s=renew_s * rng.uniform(1.1, 1.5),
        timeout_s=least_s + rng.choice((0.0, rng.uniform(0.0, 3.0))),
    )
    slow = random.Random(f"slow disk {rng.random()}")
    services = tuple(replace(s, replicated=False, locked=True) for s in setting.services)
    disk_s = _slow(locks, slow) if slow.random() < SLOW_DISK else 0.0
    if disk_s:  # a planned move of the finale still takes less
        late = [s.failback_delay_s + 2 * locks.timeout_s for s in services]
        services = tuple(
            replace(s, failback_delay_s=delay_s) for s, delay_s in zip(services, late, strict=True)
        )
    return replace(
        setting,
        levels=(*stonith, "sfex") if decides else stonith,
        services=services,
        shared=True,
        locks=locks,
        disk_s=disk_s,
        watchdog_s=watchdog_s,
    )


def _slow(locks: Times, rng: random.Random) -> float:
    """One way: a write comes late for a collision, and the lock can be kept all the same."""
    kept_s = 0.95 * (locks.lease_s - max(locks.renew_s, locks.collision_s / 2)) / 10
    return min(locks.collision_s * rng.uniform(0.14, 0.3), kept_s)


def _leased(setting: Setting, rng: random.Random) -> Setting:
    """A part of the clusters has a lease: as the only way, or when no fence device has helped."""
    if rng.random() >= LEASED:
        return setting
    stonith = () if rng.random() < 0.6 else setting.levels
    lease = Lease(
        lease_s=2 * setting.timing.dead_s + rng.uniform(1.0, 5.0),
        watchdog_s=rng.uniform(6.0, 10.0),
        window_s=rng.uniform(6.0, 12.0),
    )
    return replace(setting, levels=(*stonith, "lease"), lease=lease, older="")


def _timing(rng: random.Random) -> Timing:
    """Valid by the rules of the configuration (F16)."""
    heartbeat = 0.2 * 5.0 ** (rng.random() ** 0.5)
    dead = heartbeat * rng.uniform(4.0, 6.0)
    return Timing(
        heartbeat_s=heartbeat,
        suspect_s=rng.uniform(1.5, 3.5) * heartbeat,
        dead_s=dead,
        fence_delay_s=heartbeat + rng.uniform(1.8, 3.5),
        fence_retry_s=rng.uniform(1.0, 5.0),
        query_s=rng.uniform(1.0, 3.0),
        startup_s=rng.uniform(5.0, 15.0),
        handler_s=max(dead + 0.5, rng.choice((5.0, 8.0, 20.0, 60.0))),
        move_s=rng.uniform(8.0, 30.0),
        failure_expiry_s=rng.choice((15.0, 60.0, 3600.0)),
        power_on_s=rng.uniform(2.0, 10.0),
        witness_s=rng.uniform(1.0, 6.0),
    )
