# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shortens the script of a failing seed, and tells a run as a story."""

from __future__ import annotations

from dataclasses import replace

from .clock import Violation
from .fault import Fault
from .script import Script, draw
from .world import World


def violation(seed: int, script: Script) -> Violation | None:
    """What this script leads to."""
    try:
        World(seed, script).run()
    except Violation as found:
        return found
    return None


def shrink(seed: int) -> Script:
    """The shortest script found that breaks the same invariant: delta debugging over the faults."""
    script = draw(seed)
    wanted = violation(seed, script)
    if wanted is None:
        return script
    parts = 2
    while len(script.chaos) >= 1:
        size = max(1, len(script.chaos) // parts)
        for start in range(0, len(script.chaos), size):
            shorter = _without(script, start, start + size)
            found = violation(seed, shorter)
            if found is not None and found.invariant == wanted.invariant:
                script, parts = shorter, max(2, parts - 1)
                break
        else:
            if size == 1:
                break
            parts *= 2
    calm = replace(script, calm=())
    found = violation(seed, calm)
    return calm if found is not None and found.invariant == wanted.invariant else script


def _without(script: Script, start: int, end: int) -> Script:
    kept: tuple[Fault, ...] = script.chaos[:start] + script.chaos[end:]
    return replace(script, chaos=kept)


def story(seed: int, script: Script) -> str:
    """The script and everything that happened, line by line."""
    world = World(seed, script, telling=True)
    end = "no violation"
    try:
        world.run()
    except Violation as found:
        end = f"VIOLATION {found}"
    faults = [f"  calm   {fault}" for fault in script.calm]
    faults += [f"  chaos  {fault}" for fault in script.chaos]
    head = [
        f"seed {seed}: {world.setting}",
        "script:",
        *faults,
        f"  finale {script.last}",
        "story:",
    ]
    return "\n".join([*head, *world.clock.story, f"{world.clock.now:9.3f}  {end}"])
