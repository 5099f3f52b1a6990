# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many seeds on every core of the machine, with progress, and what came out of them."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .clock import Violation
from .rows import reached
from .world import World

REPORT = Path(__file__).parents[2] / "build" / "simulation.json"
CHUNK = 8
SHOWN_S = 2.0
PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


@dataclass(frozen=True)
class Played:
    """What one seed did."""

    seed: int
    simulated_s: float
    cpu_s: float
    steps: int
    moments: Counter[str]
    faults: Counter[str]
    invariant: str = ""
    violation: str = ""


@dataclass
class Campaign:
    """The sum of many seeds."""

    seeds: int = 0
    simulated_s: float = 0.0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    steps: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    broken: list[Played] = field(default_factory=list)

    def add(self, played: Played) -> None:
        """One more seed."""
        self.seeds += 1
        self.simulated_s += played.simulated_s
        self.steps += played.steps
        self.cpu_s += played.cpu_s
        self.moments.update(played.moments)
        self.faults.update(played.faults)
        if played.violation:
            self.broken.append(played)

    @property
    def speed(self) -> float:
        """Simulated seconds per second of wall time, on all cores together."""
        return self.simulated_s / self.wall_s if self.wall_s else 0.0

    @property
    def unreached(self) -> list[str]:
        """Rows of the fault matrix that no seed came to."""
        return [row for row, count in reached(self.moments).items() if not count]

    def report(self) -> dict[str, Any]:
        """For build/simulation.json."""
        return {
            "seeds": self.seeds,
            "simulated_seconds": round(self.simulated_s),
            "simulated_seconds_per_second": round(self.speed),
            "wall_seconds": round(self.wall_s, 1),
            "cpu_seconds": round(self.cpu_s, 1),
            "steps": self.steps,
            "faults": dict(sorted(self.faults.items())),
            "rows": reached(self.moments),
            "violations": [
                {"seed": played.seed, "invariant": played.invariant, "text": played.violation}
                for played in sorted(self.broken, key=lambda played: played.seed)
            ],
        }


def play(seed: int) -> Played:
    """One world."""
    began = time.process_time()
    world = World(seed)
    invariant = violation = ""
    try:
        world.run()
    except Violation as found:
        invariant, violation = found.invariant, str(found)
    return Played(
        seed,
        world.clock.now,
        time.process_time() - began,
        world.contract.steps,
        world.moments,
        world.faults.count,
        invariant,
        violation,
    )


def _end_with_parent() -> None:
    """Called in a worker: a campaign that is killed leaves nothing behind that goes on playing."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def run(seeds: Iterable[int], *, show: bool = True) -> Campaign:
    """Play them all."""
    wanted = list(seeds)
    campaign, began, shown = Campaign(), time.monotonic(), 0.0
    with ProcessPoolExecutor(os.cpu_count(), initializer=_end_with_parent) as pool:
        for played in pool.map(play, wanted, chunksize=CHUNK):
            campaign.add(played)
            campaign.wall_s = time.monotonic() - began
            if show and played.violation:
                print(f"seed {played.seed}: {played.violation}", flush=True)
            if show and campaign.wall_s - shown >= SHOWN_S:
                shown = campaign.wall_s
                print(line(campaign, len(wanted)), end="\r", file=sys.stderr, flush=True)
    if show:
        print(line(campaign, len(wanted)), file=sys.stderr)
    return campaign


def line(campaign: Campaign, wanted: int) -> str:
    """The progress in one line."""
    return (
        f"{campaign.seeds}/{wanted} seeds, {campaign.simulated_s:,.0f} simulated s,"
        f" {campaign.speed:,.0f} s/s, {len(campaign.broken)} violations"
    )


def write(campaign: Campaign, path: Path = REPORT) -> None:
    """Keep the report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(campaign.report(), indent=2) + "\n", encoding="utf-8")
