# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""I/O is frozen and its handler is gone, so that only an order thaws it (F36).

Drawn beside all the other faults.
"""

from __future__ import annotations

import random

from .fault import Fault

SHARE = 0.03
"""Of the worlds."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """The handler of the kernel is killed, and then something happens to the daemon."""
    rng = random.Random(f"frozen script {seed}")
    if rng.random() >= SHARE:
        return []
    at = rng.uniform(0.0, 0.5 * chaos_s)
    faults = [
        Fault("cut_replication", "node1", at + 0.2, rng.uniform(8.0, 20.0)),
        Fault("kill_handlers", "here", at).on("frozen", 0.0),
    ]
    return faults + rng.choice((_begins_anew, _held_up))(rng, at)


def _begins_anew(rng: random.Random, at: float) -> list[Fault]:
    """F31: and does not know for a while what runs here."""
    return [
        Fault("probe_slow", "owner", at, rng.uniform(15.0, 25.0), a=rng.random()),
        Fault("kill_daemon", "here", at).on("frozen", rng.uniform(0.0, 0.2)),
    ]


def _held_up(rng: random.Random, at: float) -> list[Fault]:
    """F37: and does not see the link return and go again before it may order the thaw."""
    return [Fault("blink", "there", at).on("outdated", rng.uniform(0.3, 1.9))]
