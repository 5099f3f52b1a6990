# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries many bugs, as many at a time as there are cores, and keeps what catches them."""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import random
import resource
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.mutation import detect
from tests.mutation.points import Point, of_files

HERE = Path(__file__).parent
KNOWN = HERE / "known.json"
"""Name of a bug -> what caught it last."""
EQUIVALENT = HERE / "equivalent.json"
"""Name of a bug -> why it changes no decision."""
UNCAUGHT = HERE / "uncaught.json"
"""Name of a bug -> what it changes, and why nothing catches it yet."""
HINTS = 6
"""How many of what caught bugs of the same function are tried first."""
REPORT = detect.ROOT / "build" / "mutation.json"
NO_RULES = frozenset(("__init__.py", "message.py", "transitions.py"))
"""Files of the core without decisions: formats, which have tests and fuzzers of their own."""


@dataclass(frozen=True)
class Caught:
    """What became of one bug. by: what caught it, empty if it survived."""

    point: Point
    by: str


@functools.cache
def all_points() -> tuple[Point, ...]:
    """Every bug that can be put into the rules as they are now."""
    files = sorted(path for path in detect.CORE.rglob("*.py") if path.name not in NO_RULES)
    core = detect.CORE
    return tuple(of_files({str(p.relative_to(core)): p.read_text(encoding="utf-8") for p in files}))


def read(path: Path) -> dict[str, str]:
    """A table of this folder."""
    table: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return table


def draw(found: Sequence[Point], count: int, seed: str) -> list[Point]:
    """So many of them, the same ones in the same order for the same seed."""
    return random.Random(seed).sample(list(found), min(count, len(found)))


def run(
    found: Sequence[Point], effort: detect.Effort, workers: int = 0, cpu_s: float = 0.0
) -> Iterator[Caught]:
    """Each as soon as it is known what became of it.

    workers: how many at a time, 0 for one a core. cpu_s: begin no other one after so much processor
    time, 0 for no end.
    """
    known = read(KNOWN)
    beside: dict[str, list[str]] = {}
    for name, by in known.items():
        beside.setdefault(name.partition(":")[0], []).append(by)
    spent = _spent()

    def one(point: Point) -> Caught | None:
        if cpu_s and _spent() - spent > cpu_s:
            return None
        hints = [known.get(point.name, ""), *sorted(set(beside.get(point.function, [])))[:HINTS]]
        return Caught(point, _apart(point, effort, [hint for hint in hints if hint]))

    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for task in as_completed([pool.submit(one, point) for point in found]):
            caught = task.result()
            if caught is not None:
                yield caught


def _spent() -> float:
    """Seconds of processor time of the bugs that were tried."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _apart(point: Point, effort: detect.Effort, hints: Sequence[str]) -> str:
    """In a process of its own: nothing of the core is loaded here."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_tell, args=(there, point, effort, hints))
    child.start()
    there.close()
    try:
        return str(here.recv())
    except EOFError:
        return "crash"
    finally:
        child.join(60)


def _tell(there: Connection, point: Point, effort: detect.Effort, hints: Sequence[str]) -> None:
    there.send(detect.catch(point, effort, hints))


def remember(results: Sequence[Caught]) -> None:
    """Keep what catches each; what cannot be put into the rules any more is forgotten."""
    names = {point.name for point in all_points()}
    table = {name: by for name, by in read(KNOWN).items() if name in names}
    table.update({caught.point.name: caught.by for caught in results if caught.by})
    text = json.dumps(table, indent=0, sort_keys=True)
    KNOWN.write_text(text + "\n", encoding="utf-8")


def explained() -> dict[str, str]:
    """The survivors that are written down, with the reason."""
    return {**read(EQUIVALENT), **read(UNCAUGHT)}


def hunted(found: Sequence[Point]) -> set[str]:
    """The functions most of whose bugs are written down: what survives there now is news."""
    written = {*read(KNOWN), *explained()}
    all_of, mine = Counter[str](), Counter[str]()
    for point in found:
        all_of[point.function] += 1
        mine[point.function] += point.name in written
    return {function for function, count in all_of.items() if 2 * mine[function] > count}


def report(
    results: Sequence[Caught], of: int, functions: Collection[str] | None = None
) -> dict[str, Any]:
    """The score, and the survivors. of: how many bugs there are.

    functions: those that were hunted, if the others may have survivors that nobody looked for yet.
    """
    equivalent, uncaught, known = read(EQUIVALENT), read(UNCAUGHT), read(KNOWN)
    alive = [caught.point for caught in results if not caught.by]
    unwritten = [p for p in alive if p.name not in equivalent and p.name not in uncaught]
    bad = [
        point
        for point in unwritten
        if functions is None or point.function in functions or point.name in known
    ]
    return {
        "of": of,
        "bugs": len(results),
        "caught": len(results) - len(alive),
        "equivalent": sum(point.name in equivalent for point in alive),
        "uncaught": sum(point.name in uncaught for point in alive),
        "by_worlds": sum(caught.by.startswith("seed") for caught in results),
        "by_tests": sum("::" in caught.by for caught in results),
        "survivors": [_told(point) for point in bad],
        "not_hunted_yet": [_told(point) for point in unwritten if point not in bad],
    }


def _told(point: Point) -> dict[str, str]:
    return {"name": point.name, "where": str(point)}


def write(report: dict[str, Any], path: Path = REPORT) -> None:
    """Keep the report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
