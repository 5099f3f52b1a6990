# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F73: state directories that are emptied or full, drawn beside all the other faults."""

from __future__ import annotations

import random

from .fault import Fault

SHARE = 0.25
"""Of the worlds."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """One, sometimes with a new life while it lasts, or with what ends a life of the peer."""
    rng = random.Random(f"state script {seed}")
    if rng.random() >= SHARE:
        return []
    at = rng.uniform(0.0, 0.7 * chaos_s)
    target = rng.choice(("owner", "standby", "node1"))
    kind = rng.choice(("state_lost", "state_full"))
    faults = [Fault(kind, target, at, rng.uniform(8.0, 30.0), a=rng.random())]
    for _round in range(rng.choice((0, 1, 2))):
        other = rng.choice(("kill_daemon", "kill_daemon", "power_reset", "cut_all", "replay"))
        later = at + rng.uniform(0.0, 10.0)
        faults.append(Fault(other, rng.choice((target, "standby")), later, 5.0, a=rng.random()))
    return faults
