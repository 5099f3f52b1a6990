# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts one bug into a copy of failoverd and plays seeds on it until one of them breaks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from .mutant import Mutant
from .table import MUTANTS

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "roles" / "engine_agent" / "files" / "failoverd"
REPORT = ROOT / "build" / "mutants.json"
KNOWN = Path(__file__).parent / "known.json"
"""Bug -> the seed that a run from the first seed on was caught by."""
MOST = 10_000


@dataclass(frozen=True)
class Caught:
    """What became of one bug."""

    file: str
    what: str
    invariant: str = ""
    """Which invariant caught it, empty if it survived."""
    seed: int = 0
    """By which world; if none, how many were played."""


def applied(mutant: Mutant) -> str:
    """The text of the file with the bug in it; raises ValueError if the table is out of date."""
    text = (SOURCE / "core" / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(
            f"{mutant.file}: {mutant.old!r} stands {text.count(mutant.old)} times in it, not once"
        )
    return text.replace(mutant.old, mutant.new)


def known() -> dict[str, int]:
    """The seeds that runs before this one ended with."""
    seeds: dict[str, int] = json.loads(KNOWN.read_text(encoding="utf-8"))
    return seeds


def run(mutant: Mutant, most: int = MOST, first: int = 0) -> Caught:
    """Play until it is caught, most seeds at most, in a process of its own.

    first: a seed that is played before all others, 0 for none.
    """
    first = first if first <= most else 0
    with tempfile.TemporaryDirectory(prefix="mutant-") as where:
        copy = Path(where) / "failoverd"
        shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "core" / mutant.file).write_text(applied(mutant), encoding="utf-8")
        only = "leased" if mutant.leased else "shared" if mutant.shared else ""
        done = subprocess.run(
            [sys.executable, "-m", "tests.simulation.mutants.worlds", str(most), only, str(first)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{where}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"{mutant.what}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return Caught(mutant.file, mutant.what, found["invariant"], found["seed"])


def run_all(
    mutants: tuple[Mutant, ...] = MUTANTS, most: int = MOST, *, anew: bool = False
) -> Iterator[Caught]:
    """Every bug, as many at a time as there are cores, each as soon as it is caught.

    anew: search from the first seed on, whatever is known.
    """
    seeds = {} if anew else known()

    def one(mutant: Mutant) -> Caught:
        return run(mutant, most, seeds.get(mutant.what, 0))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done in as_completed([pool.submit(one, mutant) for mutant in mutants]):
            yield done.result()


def line(caught: Caught) -> str:
    """One row of the printed table."""
    end = f"{caught.invariant:<6} at seed {caught.seed:>4}" if caught.invariant else "SURVIVED"
    return f"{caught.what:<76}  {end}"


def remember(caught: Caught, path: Path = KNOWN) -> None:
    """Keep what catches it."""
    text = json.dumps({**known(), caught.what: caught.seed}, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def write(results: list[Caught], path: Path = REPORT) -> None:
    """Keep the table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(caught) for caught in results]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
