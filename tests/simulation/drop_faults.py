# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F34: a daemon dies between the two parts of its order to DRBD to drop a dead peer.

Drawn beside all the other faults.
"""

from __future__ import annotations

import random

from .fault import Fault

SHARE = 0.05
"""Of the worlds."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """The owner dies, and then the daemon that takes over from it."""
    rng = random.Random(f"drop script {seed}")
    if rng.random() >= SHARE:
        return []
    at = rng.uniform(0.0, 0.5 * chaos_s)
    kind = rng.choice(("kill_daemon", "kill_daemon", "stall", "power_reset"))
    return [
        Fault("power_cut", "owner", at + 0.1, rng.uniform(5.0, 20.0)),
        Fault(kind, "here", at, rng.uniform(0.5, 5.0), a=rng.random(), b=rng.random()).on(
            "dropped", rng.choice((0.0, rng.uniform(0.0, 0.3)))
        ),
    ]
