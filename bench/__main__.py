# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m bench: play the cases, write the results, print the table."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from bench import cases, results, systems
from bench.session import session
from lab.errors import LabError
from tests.kernels.claim import claim


def chosen(text: str, known: list[str]) -> list[str]:
    """The names in a list of words, all of them if it is empty; raises ValueError."""
    names = text.replace(",", " ").split() or known
    for name in names:
        if name not in known:
            raise ValueError(f"{name} is not known; there is {', '.join(known)}")
    return names


def main() -> int:
    """Play what the environment chooses (SYSTEMS, CASES, RUNS)."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--systems", default=os.environ.get("SYSTEMS", ""))
    parser.add_argument("--cases", default=os.environ.get("CASES", ""))
    parser.add_argument("--runs", type=int, default=int(os.environ.get("RUNS", "") or 5))
    parser.add_argument("--name", default="bench", help="name of the lab")
    parser.add_argument("--out", type=Path, default=results.RESULTS)
    options = parser.parse_args()
    try:
        played_by = [systems.load(name) for name in chosen(options.systems, systems.names())]
        played = [cases.CASES[name] for name in chosen(options.cases, list(cases.CASES))]
    except ValueError as error:
        parser.error(str(error))
    try:
        with claim(options.name), session(options.name, played_by) as bench:
            runs, about = bench.play(played_by, played, options.runs)
    except LabError as error:
        print(f"The lab: {error}", file=sys.stderr)
        return 2
    report = results.report(runs, about)
    results.write(report, options.out)
    print(results.table(report))
    print(f"written to {options.out}")
    return 0 if results.sound(report) else 1


if __name__ == "__main__":
    sys.exit(main())
