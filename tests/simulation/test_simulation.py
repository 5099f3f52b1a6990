# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract in the simulated world, over many seeds on every core."""

from __future__ import annotations

import os
from pathlib import Path

from . import campaign, script, shrink
from .world import World

SEEDS = int(os.environ.get("SEEDS", "2000"))
ENOUGH = 1000
"""So many seeds reach every row."""


def test_no_seed_breaks_the_contract() -> None:
    """No service on two nodes, no acknowledged write lost, and service again after healing."""
    done = campaign.run(range(1, SEEDS + 1), show=False)
    campaign.write(done)
    if done.broken:
        worst = min(done.broken, key=lambda played: played.seed)
        short = shrink.shrink(worst.seed)
        story = shrink.story(worst.seed, short)
        seeds = sorted(played.seed for played in done.broken)
        raise AssertionError(f"{len(seeds)} of {SEEDS} seeds broke the contract: {seeds}\n{story}")
    if SEEDS >= ENOUGH:
        assert not done.unreached, f"no seed reached these rows: {done.unreached}"


def test_a_seed_tells_the_same_story_twice() -> None:
    """A failing seed can be replayed."""
    first, second = (shrink.story(7, script.draw(7)) for _round in range(2))
    assert first == second
    assert "FAULT" in first


def test_a_script_is_all_that_goes_wrong() -> None:
    """Without faults nothing is fenced, stopped or moved before the finale."""
    quiet = script.Script(calm=(), chaos=(), chaos_s=20.0, last="switchover")
    world = World(5, quiet)
    world.run()
    assert not world.contract.cuts
    assert not world.moments["takeover"]


def test_the_report_names_what_was_done(tmp_path: Path) -> None:
    done = campaign.run(range(1, 9), show=False)
    campaign.write(done, tmp_path / "simulation.json")
    report = done.report()
    assert report["seeds"] == 8
    assert report["faults"]
    assert report["simulated_seconds"] > 8 * 20
    assert (tmp_path / "simulation.json").is_file()
