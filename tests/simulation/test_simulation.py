# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S1, S2 and L1 in a simulated world, one seed a test case in parallel processes."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from .clock import Violation
from .world import World

SEEDS = int(os.environ.get("SEEDS", "80"))
STORY = 60
MUST_HAPPEN = (
    "takeover", "grant", "adopted", "paused", "fence", "fence-failed", "outdated", "handler",
    "goodbye", "moved", "peer-silent", "recovered", "power-on",
)  # fmt: skip
"""Decisions that a run of this size reaches; one that is never reached is not tested."""


def play(seed: int) -> tuple[int, str, Counter[str]]:
    """One world. Returns the seed, the story of a violation or nothing, and what was decided."""
    world = World(seed, ("shop",) if seed % 3 else ("shop", "mail"))
    try:
        world.run()
    except Violation as violation:
        story = "\n".join(world.clock.story[-STORY:])
        return seed, f"seed {seed}: {violation}\n{story}", Counter(world.notes)
    return seed, "", Counter(world.notes)


def test_no_seed_breaks_the_contract() -> None:
    """No service on two nodes, no acknowledged write lost, and service again after healing."""
    reached: Counter[str] = Counter()
    broken = []
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for _seed, story, notes in pool.map(play, range(1, SEEDS + 1), chunksize=4):
            reached.update(notes)
            if story:
                broken.append(story)
    assert not broken, f"{len(broken)} of {SEEDS} seeds broke the contract:\n\n{broken[0]}"
    missing = [code for code in MUST_HAPPEN if not reached[code]]
    assert not missing, f"the simulated faults never led to: {missing}"


def test_a_seed_tells_the_same_story_twice() -> None:
    """A failing seed can be replayed."""
    first, second = World(7), World(7)
    first.run()
    second.run()
    assert first.clock.story == second.clock.story
