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
    rng = random.Random(f"repair script {seed}")
    if rng.random() < SHARE:
        return _opened(rng, rng.uniform(0.0, 0.3 * chaos_s))
    rng = random.Random(f"operator script {seed}")
    if rng.random() >= SHARE:
        return []
    scene = rng.choice((_repaired_in_time, _fooled))
    return scene(rng, rng.uniform(0.0, 0.3 * chaos_s))


def _repaired_in_time(rng: random.Random, at: float) -> list[Fault]:
    """F47: a stop fails, no device helps, and the service runs again when the devices do."""
    return [
        *moods(rng, "owner", at, rng.uniform(22.0, 30.0), REFUSE),
        Fault("stop_fails", "owner", at, 4.0, a=1.0),
        Fault("switchover", "owner", at + 0.5, a=rng.random()),
        Fault("repaired", "node1", at + rng.uniform(5.0, 7.0)),
        Fault("repaired", "node2", at + rng.uniform(5.0, 7.0)),
    ]


def _fooled(rng: random.Random, at: float) -> list[Fault]:
    """F73: a new life is not heard, so that its peer speaks to the life before it."""
    node = rng.choice(("node1", "node2"))
    faults = [Fault("mute", node, at, 25.0), Fault("kill_daemon", node, at + 0.5)]
    asked = [Fault("confirm_speaking", node, at + 2.0 + 0.37 * number) for number in range(40)]
    return faults + asked


def _opened(rng: random.Random, at: float) -> list[Fault]:
    """F91: it starts nowhere, and its storage is opened on one node or on both at once."""
    chosen, lasts = rng.random(), rng.uniform(5.0, 15.0)
    faults = [Fault("start_fails", name, at, 20.0, a=1.0) for name in ("node1", "node2")]
    faults += [Fault("resource_dies", "owner", at + 0.5 * number) for number in range(1, 12)]
    for name in rng.choice((("node1",), ("node2",), ("node1", "node2"))):
        asked = at + 12.0 + rng.choice((0.0, rng.uniform(0.0, 1.0)))
        faults.append(Fault("storage_open", name, asked, lasts, a=chosen))
    need = rng.choice(("", "kill_daemon", "power_cut", "resource_dies", "switchover", "reboot"))
    if need:
        faults.append(Fault(need, rng.choice(("owner", "standby")), at + 15.0, a=rng.random()))
    return faults
