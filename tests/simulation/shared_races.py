# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two things that happen to one lock on a shared disk within the same moment.

Drawn beside all the other faults of worlds with a shared disk.
"""

from __future__ import annotations

import random

from .fault import Fault

SHARE = 0.1
"""Of these worlds."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """One of them, in some worlds."""
    rng = random.Random(f"shared race {seed}")
    if rng.random() >= SHARE:
        return []
    return rng.choice((_looks_late, _gives_back))(rng, rng.uniform(0.0, 0.5 * chaos_s))


def _looks_late(rng: random.Random, at: float) -> list[Fault]:
    """F31, F53, F65: a daemon begins anew with a lock, and its first look at it is slow."""
    return [
        Fault("probe_slow", "owner", at, rng.uniform(10.0, 25.0), a=rng.random()),
        Fault("kill_daemon", "owner", at + rng.uniform(0.5, 5.0)),
    ]


def _gives_back(rng: random.Random, at: float) -> list[Fault]:
    """F62: a lock is given back when the peer is to be excluded by it."""
    return [
        Fault("path_slow", "owner", at, 20.0, a=rng.random()),
        Fault("switchover", "here", at, a=rng.random()).on("peer-suspect", rng.uniform(0.0, 0.8)),
        Fault("cut_all", "node1", at + 1.0, 20.0),
    ]
