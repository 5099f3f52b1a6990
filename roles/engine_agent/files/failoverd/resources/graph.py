# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The takeover as a dependency graph: independent resources start at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

Graph = Mapping[str, tuple[str, ...]]
"""Resource name -> the names that must be up before it."""


class CycleError(Exception):
    """Some resources wait for each other."""


def order(graph: Graph) -> list[str]:
    """Names in an order in which each follows its needs; raises CycleError."""
    result: list[str] = []
    placed: set[str] = set()
    while len(placed) < len(graph):
        ready = [n for n, needs in graph.items() if n not in placed and placed.issuperset(needs)]
        if not ready:
            stuck = ", ".join(sorted(set(graph) - placed))
            raise CycleError(f"these resources wait for each other in a circle: {stuck}")
        result.extend(ready)
        placed.update(ready)
    return result


def reverse(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The graph for a stop: each name waits for the names that need it."""
    result: dict[str, list[str]] = {name: [] for name in graph}
    for name, needs in graph.items():
        for need in needs:
            result[need].append(name)
    return {name: tuple(waits) for name, waits in result.items()}


def dependents(graph: Graph, name: str) -> set[str]:
    """The name and everything that needs it, directly or not."""
    waiting = reverse(graph)
    found = {name}
    open_names = [name]
    while open_names:
        for other in waiting[open_names.pop()]:
            if other not in found:
                found.add(other)
                open_names.append(other)
    return found


def part(graph: Graph, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The graph restricted to some names."""
    kept = set(names)
    return {
        name: tuple(need for need in needs if need in kept)
        for name, needs in graph.items()
        if name in kept
    }


async def run(graph: Graph, work: Callable[[str], Awaitable[None]]) -> dict[str, BaseException]:
    """Run work(name) for every name as soon as all of its needs have succeeded.

    Returns the failures by name. Names that wait for a failed name are not run. Independent names
    go on, so that every resource is either untouched or finished.
    """
    finished = {name: asyncio.get_running_loop().create_future() for name in graph}
    failures: dict[str, BaseException] = {}

    async def one(name: str) -> None:
        good = False
        try:
            for need in graph[name]:
                if not await finished[need]:
                    return
            await work(name)
            good = True
        except Exception as error:
            failures[name] = error
        finally:
            if not finished[name].done():
                finished[name].set_result(good)

    tasks = [asyncio.ensure_future(one(name)) for name in order(graph)]
    try:
        if tasks:
            await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        # If the caller gives up, wait until all work has really ended.
        await asyncio.gather(*tasks, return_exceptions=True)
    return failures
