# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F81: somebody on one link keeps messages back, drawn beside all the other faults."""

from __future__ import annotations

import random

from .fault import Fault

SHARE = 0.06
"""Of the worlds."""
LAST = 0.05
"""Of the worlds end with it."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """One link, one node, and often what ends the life of that node."""
    rng = random.Random(f"held script {seed}")
    if rng.random() >= SHARE:
        return []
    at = rng.uniform(0.0, 0.5 * chaos_s)
    target = rng.choice(("owner", "standby"))
    faults = [Fault("hold_back", target, at, 30.0, a=rng.random(), b=rng.random())]
    kind = rng.choice(("freeze", "power_cut", "stall", "cut_all", ""))
    if kind:
        faults.append(Fault(kind, target, at + rng.uniform(1.0, 8.0), 20.0, a=0.9))
    return faults
