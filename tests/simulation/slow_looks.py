# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F31, F53, F65: a daemon begins anew with a lock, and its first look at the service is slow.

Drawn beside all the other faults of worlds with a shared disk.
"""

from __future__ import annotations

import random

from .fault import Fault

SHARE = 0.05
"""Of these worlds."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """Whoever has the service is killed, and finds out late what runs there."""
    rng = random.Random(f"slow look script {seed}")
    if rng.random() >= SHARE:
        return []
    at = rng.uniform(0.0, 0.5 * chaos_s)
    return [
        Fault("probe_slow", "owner", at, rng.uniform(10.0, 25.0), a=rng.random()),
        Fault("kill_daemon", "owner", at + rng.uniform(0.5, 5.0)),
    ]
