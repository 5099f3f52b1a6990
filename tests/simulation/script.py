# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults of one world as a script, drawn before it begins, so that it can be shortened."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from . import (
    disk_faults,
    drop_faults,
    frozen,
    hang_faults,
    held_back,
    kinds_inside,
    kinds_outside,
    lease_faults,
    operator_faults,
    pact_faults,
    setting,
    shared_faults,
    shared_races,
    state_faults,
)
from .combos import COMBOS
from .fault import Fault
from .kinds import KINDS
from .races import RACES

TABLES = (kinds_inside, kinds_outside, shared_faults)
"""The modules that enter their kinds into KINDS when they are imported."""
TARGETS = ("node1", "node2", "owner", "standby")
MOMENTS = (
    "start", "stop", "recover", "probe", "boot", "claim", "grant", "takeover", "running",
    "peer-suspect", "peer-silent", "peer-gone", "peer-alive", "peer-life", "frozen", "goodbye",
    "handover", "switchover", "paused", "fence status", "fence off", "fence on", "fence-failed",
    "outdate", "outdated", "resume", "answer 1", "answer 4", "answer 7", "resync", "adopted",
    "up", "failed", "stop-failed", "accepted", "mode", "reach", "moved", "move-failed",
)  # fmt: skip
"""What faults lie in wait for: notes and actions of the cores, and events of the world."""
HANGING = 0.06
FULL = 0.05
HUNG = 0.06
CALM_S = 12.0
CALM = (
    "cut_link", "cut_one_way", "damage", "replay", "kill_daemon", "device_unreachable",
    "device_mood", "confirm_alive", "clear", "cut_replication", "hiccup",
    "kill_handlers",
)  # fmt: skip
"""Kinds that no service may move, stop or be fenced for, as long as each comes for a moment."""


@dataclass(frozen=True)
class Script:
    """Everything that is done to one world."""

    calm: tuple[Fault, ...]
    """What no cluster may mind."""
    chaos: tuple[Fault, ...]
    chaos_s: float
    last: str
    """What happens once all is well again: the cluster has to master it in its promised time."""


LAST = (
    "owner_dies",
    "owner_freezes",
    "owner_haunts",
    "owner_echoes",
    "paused_alone",
    "lied_to",
    "forsaken",
    "diverged",
    "replication_lost",
    "standby_dies",
    "split",
    "deaf",
    "left",
    "switchover",
    "reboot",
)


def draw(seed: int) -> Script:
    """The script of one seed."""
    rng = random.Random(f"script {seed}")
    chaos_s = rng.uniform(25.0, 60.0)
    faults: list[Fault] = []
    for _round in range(rng.randint(0, 5)):
        faults.append(_fault(rng, rng.uniform(0.0, chaos_s)))
    for _round in range(rng.randint(2, 9)):
        fault = _fault(rng, rng.uniform(0.0, 0.7 * chaos_s), ("here", "there"))
        wait = rng.choice((0.0, rng.uniform(0.0, 0.3), rng.uniform(0.0, 3.0)))
        faults.append(fault.on(rng.choice(MOMENTS), wait))
    for _round in range(rng.choice((0, 1, 1, 2))):
        faults.extend(rng.choice((*COMBOS, *RACES))(rng, rng.uniform(0.0, 0.5 * chaos_s)))
    if setting.draw(seed).lease is not None:
        chaos_s += 30.0
        faults = lease_faults.alone(seed) or [*faults, *lease_faults.draw(seed, chaos_s)]
    faults.extend(disk_faults.draw(seed, chaos_s))
    faults.extend(frozen.draw(seed, chaos_s))
    faults.extend(drop_faults.draw(seed, chaos_s))
    faults.extend(state_faults.draw(seed, chaos_s))
    faults.extend(operator_faults.draw(seed, chaos_s))
    faults.extend(pact_faults.draw(seed, chaos_s))
    faults.extend(held_back.draw(seed, chaos_s))
    faults.extend(hang_faults.draw(seed, chaos_s))
    if setting.draw(seed).shared:
        chaos_s += 20.0
        faults.extend(shared_faults.draw(seed, chaos_s))
        faults = shared_races.alone(seed) or [*faults, *shared_races.draw(seed, chaos_s)]
    calm = tuple(_calm_fault(rng, at) for at in (0.0, 0.5 * CALM_S))
    if setting.draw(seed).shared:  # no kernel answers for a daemon that is away for longer
        calm = tuple(
            replace(fault, a=0.0) if fault.kind == "kill_daemon" else fault for fault in calm
        )
    return Script(
        calm=state_faults.disagree(seed, calm),
        chaos=tuple(sorted(faults, key=lambda fault: fault.at)),
        chaos_s=chaos_s,
        last=_last(seed, rng.choice(LAST)),
    )


def _last(seed: int, chosen: str) -> str:
    """Some of the worlds end with something that hangs, or a disk that is full (F44, F51, F91)."""
    if random.Random(f"held last {seed}").random() < held_back.LAST:
        return "owner_held_back"
    if random.Random(f"full last {seed}").random() < FULL:
        return "disk_full"
    if random.Random(f"hung last {seed}").random() < HUNG:
        return "application_hangs"
    return "disk_hangs" if random.Random(f"last {seed}").random() < HANGING else chosen


def _calm_fault(rng: random.Random, at: float) -> Fault:
    """One after the other, each over before the next."""
    return Fault(
        kind=rng.choice(CALM),
        target=rng.choice(TARGETS),
        at=at + rng.uniform(0.0, 1.0),
        lasts=rng.uniform(0.5, 0.25 * CALM_S),
        a=rng.random(),
        b=0.3 * rng.random(),
    )


def _fault(rng: random.Random, at: float, targets: tuple[str, ...] = TARGETS) -> Fault:
    name = rng.choices(tuple(KINDS), [kind.weight for kind in KINDS.values()])[0]
    return Fault(
        kind=name,
        target=rng.choice(targets),
        at=at,
        lasts=rng.uniform(*KINDS[name].lasts),
        a=rng.random(),
        b=rng.random(),
    )
