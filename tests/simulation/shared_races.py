# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two things that happen to one lock on a shared disk within the same moment.

Drawn beside all the other faults of worlds with a shared disk.
"""

from __future__ import annotations

import random

from . import setting
from .fault import Fault

SHARE = 0.2
"""Of these worlds."""
RARE = 0.15
"""Of the worlds without a fence device: a lock that two want at once."""
RARER = 0.05
"""Of them: a write that comes late."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """One of them, in some worlds."""
    rng = random.Random(f"shared race {seed}")
    if rng.random() >= SHARE:
        return []
    at = rng.uniform(0.0, 0.5 * chaos_s)
    if rng.random() < 0.5:
        return _looks_late(rng, at)
    return _gives_back(rng, at, setting.draw(seed).timing.dead_s)


def alone(seed: int) -> list[Fault]:
    """In some worlds whose nodes have nothing but their locks only one of these happens."""
    drawn, rng = setting.draw(seed), random.Random(f"shared collision {seed}")
    if drawn.devices:
        return []
    if rng.random() < RARE:
        return _collide(rng, drawn.timing.dead_s, drawn.timing.fence_delay_s)
    rng = random.Random(f"late write {seed}")
    return _comes_late(rng, drawn.timing.dead_s) if rng.random() < RARER else []


def _looks_late(rng: random.Random, at: float) -> list[Fault]:
    """F31, F53, F65: a daemon begins anew with a lock, and its first look at it is slow."""
    return [
        Fault("probe_slow", "owner", at, rng.uniform(10.0, 25.0), a=rng.random()),
        Fault("kill_daemon", "owner", at + rng.uniform(0.5, 5.0)),
    ]


def _gives_back(rng: random.Random, at: float, dead_s: float) -> list[Fault]:
    """F62: a lock is given back by a planned move when the peer falls silent."""
    return [
        Fault("cut_all", "node1", at, 20.0),
        Fault("path_slow", "owner", at, 20.0, a=rng.uniform(0.6, 1.0)),
        Fault("switchover", "owner", at + max(0.0, dead_s - rng.uniform(0.5, 3.0))),
    ]


def _nobody_has_it(at: float) -> list[Fault]:
    """It has failed on both nodes, its lock was given back, and then no heartbeat passes."""
    return [
        Fault("start_fails", "node1", at, 8.0, a=1.0),
        Fault("start_fails", "node2", at, 8.0, a=1.0),
        Fault("resource_dies", "owner", at + 0.1),
        Fault("cut_all", "node1", at + 9.0, 60.0),
    ]


def _collide(rng: random.Random, dead_s: float, delay_s: float) -> list[Fault]:
    """The lock is nobody's, no heartbeat passes, and both nodes want it in the same moment."""
    at = rng.uniform(0.0, 5.0)
    cleared = at + 9.0 + dead_s + 1.0
    first = cleared + delay_s + rng.uniform(-0.4, 0.4)
    return [
        *_nobody_has_it(at),
        Fault("path_slow", "node1", at + 9.0, 60.0, a=rng.uniform(0.0, 0.5)),
        Fault("path_slow", "node2", at + 9.0, 60.0, a=rng.uniform(0.0, 0.5)),
        # node2 has to wait for longer (F15).
        Fault("clear", "node2", cleared),
        Fault("clear", "node1", first),
    ]


def _comes_late(rng: random.Random, dead_s: float) -> list[Fault]:
    """F65: what a node ordered long ago is written over the other's lock, and that one is stalled.

    The node that ordered it is just asking for the lock once more.
    """
    at = rng.uniform(0.0, 5.0)
    cleared = at + 9.0 + dead_s + 1.0
    stall = Fault(rng.choice(("stall", "freeze")), "there", at, rng.uniform(6.0, 9.0), 0.9)
    return [
        *_nobody_has_it(at),
        Fault("clear", "node1", cleared),
        Fault("clear", "node2", cleared),
        Fault("path_lost", "here", cleared, rng.uniform(7.0, 25.0)).on("lock asked", 0.0),
        stall.on("path back", rng.uniform(0.0, 0.1)),
    ]
