# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F80: a change of the lease's durations was broken off when one of the nodes had read it.

Drawn beside all the other faults, for worlds with a lease.
"""

from __future__ import annotations

import random

from . import setting
from .fault import Fault

SHARE = 0.15
"""Of the worlds with a lease."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """The owner's lease is the longer one, and then it loses all contact, or its peer."""
    rng = random.Random(f"pact script {seed}")
    if rng.random() >= SHARE or setting.draw(seed).lease is None:
        return []
    at = rng.uniform(0.0, 0.15 * chaos_s)
    who, a = rng.choice((("owner", 0.0), ("standby", 1.0)))
    faults = [Fault("changed", who, at, 120.0, a=a, b=rng.random())]
    at += rng.uniform(2.0, 9.0)
    faults.append(Fault(rng.choice(("cut_all", "mute")), "owner", at, 90.0))
    also = rng.choice(("lan_lost", "lan_lost", "power_cut", "freeze", "kill_daemon"))
    faults.append(Fault(also, "owner", at + rng.uniform(0.0, 3.0), 80.0, a=rng.random()))
    return faults
