# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F44: disks that hang below DRBD, drawn beside all the other faults."""

from __future__ import annotations

import random

from .fault import Fault

SHARE = 0.2
"""Of the worlds."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """One, sometimes with what makes it worse."""
    rng = random.Random(f"disk script {seed}")
    if rng.random() >= SHARE:
        return []
    at = rng.uniform(0.0, 0.5 * chaos_s)
    target = rng.choice(("owner", "owner", "standby", "node1"))
    faults = [Fault("disk_hangs", target, at, rng.uniform(4.0, 30.0), a=rng.random())]
    kind = rng.choice(("", "", "kill_daemon", "switchover", "power_cut", "cut_replication"))
    if kind:
        later = at + rng.uniform(0.0, 8.0)
        faults.append(Fault(kind, rng.choice(("owner", "standby")), later, 10.0, a=rng.random()))
    return faults
