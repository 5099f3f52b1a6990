# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is configured in one world, drawn from its seed, and what that configuration promises."""

from __future__ import annotations

import random
from dataclasses import dataclass

from failoverd.core.config import CoreConfig, ServiceConfig, Timing

NAMES = ("node1", "node2")
REPLICATION = "cross"
"""The link that DRBD replicates over; heartbeats use it too."""
BOOT_S = (2.0, 7.0)
DEVICE_TIMEOUT_S = 12.0
START_TIMEOUT_S = 10.0
RESYNC_S = (0.5, 9.0)
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

    def of(self, node: str) -> CoreConfig:
        """The configuration as one node sees it."""
        peer = NAMES[1] if node == NAMES[0] else NAMES[0]
        return CoreConfig(
            cluster="sim",
            node=node,
            peer=peer,
            links=self.links,
            services=self.services,
            levels=self.levels,
            timing=self.timing,
        )

    @property
    def takeover_s(self) -> float:
        """From the death of an owner to the service on its healthy standby."""
        t = self.timing
        return t.dead_s + t.fence_delay_s + t.query_s + 6.0 * len(self.levels) + START_TIMEOUT_S

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
            + waits
            + devices
            + self.takeover_s
            + 3 * RESYNC_S[1]
            + 3 * START_TIMEOUT_S
        )


def draw(seed: int) -> Setting:
    """The setting of one seed: from the shipped timing to heartbeats once a second."""
    rng = random.Random(f"setting {seed}")
    names = ("shop",) if rng.random() < 0.7 else ("shop", "mail")
    services = tuple(
        ServiceConfig(
            name,
            preferred=rng.choice((*NAMES, "")),
            restarts=rng.choice((0, 1, 3)),
            failback=rng.random() < 0.2,
            failback_delay_s=rng.uniform(FAILBACK_S, 2 * FAILBACK_S),
        )
        for name in names
    )
    return Setting(
        timing=Timing() if rng.random() < 0.05 else _timing(rng),
        links=("lan", REPLICATION) if rng.random() < 0.6 else ("lan", REPLICATION, "serial"),
        levels=("bmc",) if rng.random() < 0.65 else ("bmc", "pdu"),
        services=services,
        newer=rng.choice(NAMES) if rng.random() < 0.1 else "",
        older=rng.choice(NAMES) if rng.random() < 0.1 else "",
    )


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
