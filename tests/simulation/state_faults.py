# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F73, F80: state directories that are emptied or full, nodes that disagree on a name.

Drawn beside all the other faults.
"""

from __future__ import annotations

import random

from . import setting
from .fault import Fault

SHARE, RENAMED = 0.25, 0.2
"""Of the worlds."""


def disagree(seed: int, calm: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """In some worlds the last of the small troubles is a name that differs.

    Not where a lease or a lock needs the peer's word: there a service may be stopped for it.
    """
    rng, world = random.Random(f"name script {seed}"), setting.draw(seed)
    if rng.random() >= RENAMED or world.lease is not None or world.shared:
        return calm
    target, at, lasts = rng.choice(("owner", "standby")), 6.0, 5.5
    # A kernel that answers over the replication link would keep the node from being fenced, too.
    alone = (Fault("cut_replication", "node1", at, lasts),) if rng.random() < 0.7 else ()
    return (*calm[:-1], *alone, Fault("renamed", target, at + 0.5, lasts - 0.5))


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """One, sometimes with a new life while it lasts, or with what ends a life of the peer."""
    rng = random.Random(f"state script {seed}")
    if rng.random() >= SHARE:
        return []
    at = rng.uniform(0.0, 0.7 * chaos_s)
    target = rng.choice(("owner", "standby", "node1"))
    kind = rng.choice(("state_lost", "state_full", "renamed"))
    faults = [Fault(kind, target, at, rng.uniform(8.0, 30.0), a=rng.random())]
    for _round in range(rng.choice((0, 1, 2))):
        other = rng.choice(("kill_daemon", "kill_daemon", "power_reset", "cut_all", "replay"))
        later = at + rng.uniform(0.0, 10.0)
        faults.append(Fault(other, rng.choice((target, "standby")), later, 5.0, a=rng.random()))
    return faults
