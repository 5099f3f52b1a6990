# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breadth first through every world that can be reached, each looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from .volume import Violation
from .world import Explorer, Move, World


@dataclass
class Found:
    """What a search covered, and the shortest way to a breach if there is one."""

    name: str
    depth: int = 0
    """Moves after which every interleaving was followed."""
    complete: bool = False
    """No new world came up: what was covered is all there is, at any depth."""
    states: int = 0
    moves: int = 0
    by_depth: list[int] = field(default_factory=list)
    violation: str = ""
    way: list[Move] = field(default_factory=list)

    def line(self) -> str:
        """One line for people."""
        end = "all there is" if self.complete else f"depth {self.depth}"
        verdict = self.violation or "no violation"
        return f"{self.name}: {end}, {self.states} states, {self.moves} moves, {verdict}"


def search(
    name: str,
    explorer: Explorer,
    starts: list[World],
    depth: int,
    progress: Callable[[Found], None] = lambda found: None,
) -> Found:
    """Follow every move from every start, up to that many moves, or to the first violation."""
    found = Found(name)
    seen: set[int] = set()
    parents: dict[int, tuple[int, Move]] = {}
    frontier: list[tuple[int, World]] = []
    for start in starts:
        # Nothing that was worked out in an earlier search, under other rules, may be kept.
        first, second = (replace(node) for node in start.nodes)
        world = replace(start, nodes=(first, second))
        key = world.key()
        if key not in seen:
            seen.add(key)
            frontier.append((key, world))
    found.states = len(seen)
    while frontier and found.depth < depth:
        following: list[tuple[int, World]] = []
        for key, world in frontier:
            for move in explorer.moves(world):
                found.moves += 1
                try:
                    after = explorer.apply(world, move)
                except Violation as violation:
                    found.violation = str(violation)
                    found.way = [*_way(parents, key), move]
                    return found
                new = after.key()
                if new not in seen:
                    seen.add(new)
                    parents[new] = (key, move)
                    following.append((new, after))
        frontier = following
        found.depth += 1
        found.states = len(seen)
        found.by_depth.append(len(following))
        progress(found)
    found.complete = not frontier
    return found


def _way(parents: dict[int, tuple[int, Move]], key: int) -> list[Move]:
    way: list[Move] = []
    while key in parents:
        key, move = parents[key]
        way.append(move)
    return way[::-1]


def story(explorer: Explorer, starts: list[World], found: Found) -> Iterator[str]:
    """The way to the violation, told again from the start at which it is possible."""
    for start in starts:
        lines: list[str] = []
        world = replace(start, nodes=(replace(start.nodes[0]), replace(start.nodes[1])))
        try:
            for number, (what, n, detail) in enumerate(found.way, 1):
                lines.append(f"{number:3}. {'ab'[n]} {what}{f' {detail}' if detail else ''}")
                world = explorer.apply(world, (what, n, detail))
                lines += [f"       {note}" for note in world.notes]
        except Violation as violation:
            yield from lines
            yield f"     {violation}"
            return
        except IndexError:
            continue
