# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators do about a failure, drawn beside all the other faults."""

from __future__ import annotations

import random

from .combos import REFUSE, moods
from .fault import Fault

SHARE = 0.06
"""Of the worlds."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """One of them, in some of the worlds."""
    rng = random.Random(f"operator script {seed}")
    if rng.random() >= SHARE:
        return []
    return rng.choice((_repaired_in_time,))(rng, rng.uniform(0.0, 0.3 * chaos_s))


def _repaired_in_time(rng: random.Random, at: float) -> list[Fault]:
    """F47: a stop fails, no device helps, and the service runs again when the devices do."""
    return [
        *moods(rng, "owner", at, rng.uniform(22.0, 30.0), REFUSE),
        Fault("stop_fails", "owner", at, 4.0, a=1.0),
        Fault("switchover", "owner", at + 0.5, a=rng.random()),
        Fault("repaired", "node1", at + rng.uniform(5.0, 7.0)),
        Fault("repaired", "node2", at + rng.uniform(5.0, 7.0)),
    ]
