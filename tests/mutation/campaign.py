# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries many bugs, as many at a time as there are cores, and keeps what catches them."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tests.mutation import detect
from tests.mutation.points import Point, of_files

HERE = Path(__file__).parent
KNOWN = HERE / "known.json"
"""Name of a bug -> what caught it last."""
EQUIVALENT = HERE / "equivalent.json"
"""Name of a bug -> why it changes no decision."""
REPORT = detect.ROOT / "build" / "mutation.json"
NO_RULES = frozenset(
    ("__init__.py", "codec.py", "lock_block.py", "message.py", "strictjson.py", "transitions.py")
)
"""Files of the core without decisions: formats, which have tests and fuzzers of their own."""


@dataclass(frozen=True)
class Caught:
    """What became of one bug. by: what caught it, empty if it survived."""

    point: Point
    by: str


def all_points() -> list[Point]:
    """Every bug that can be put into the rules as they are now."""
    files = sorted(path for path in detect.CORE.glob("*.py") if path.name not in NO_RULES)
    return list(of_files({path.name: path.read_text(encoding="utf-8") for path in files}))


def read(path: Path) -> dict[str, str]:
    """A table of this folder."""
    table: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return table


def draw(found: Sequence[Point], count: int, seed: str) -> list[Point]:
    """So many of them, the same for the same seed."""
    chosen = random.Random(seed).sample(list(found), min(count, len(found)))
    return sorted(chosen, key=lambda point: (point.file, point.start))


def run(found: Sequence[Point], effort: detect.Effort) -> Iterator[Caught]:
    """Each as soon as it is known what became of it."""
    known = read(KNOWN)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        tasks = {
            pool.submit(_apart, point, effort, known.get(point.name, "")): point for point in found
        }
        for task in as_completed(tasks):
            yield Caught(tasks[task], task.result())


def _apart(point: Point, effort: detect.Effort, known: str) -> str:
    """In a process of its own: nothing of the core is loaded here."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_tell, args=(there, point, effort, known))
    child.start()
    there.close()
    try:
        return str(here.recv())
    except EOFError:
        return "crash"
    finally:
        child.join()


def _tell(there: Connection, point: Point, effort: detect.Effort, known: str) -> None:
    there.send(detect.catch(point, effort, known))


def remember(results: Sequence[Caught]) -> None:
    """Keep what catches each; what cannot be put into the rules any more is forgotten."""
    names = {point.name for point in all_points()}
    table = {name: by for name, by in read(KNOWN).items() if name in names}
    table.update({caught.point.name: caught.by for caught in results if caught.by})
    text = json.dumps(table, indent=0, sort_keys=True)
    KNOWN.write_text(text + "\n", encoding="utf-8")


def report(results: Sequence[Caught]) -> dict[str, object]:
    """The score, and the survivors."""
    equivalent = read(EQUIVALENT)
    alive = [caught.point for caught in results if not caught.by]
    open_ones = [point for point in alive if point.name not in equivalent]
    return {
        "bugs": len(results),
        "caught": len(results) - len(alive),
        "equivalent": len(alive) - len(open_ones),
        "by_worlds": sum(caught.by.startswith("seed") for caught in results),
        "by_tests": sum("::" in caught.by for caught in results),
        "survivors": [{"name": point.name, "where": str(point)} for point in open_ones],
    }


def write(results: Sequence[Caught], path: Path = REPORT) -> None:
    """Keep the report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report(results), indent=2) + "\n", encoding="utf-8")
