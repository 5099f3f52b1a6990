# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.fuzz [--inputs N] [--target NAME] [--seed N] [--jobs N] | --again FILE"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import harness, targets

REPORT = Path("build/fuzz.json")


def main() -> int:
    """0 if nothing escaped."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="how many for each target")
    parser.add_argument("--target", default="", help=f"one of {', '.join(targets.NAMES)}")
    parser.add_argument("--seed", type=int, help="a seed that was printed")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time")
    parser.add_argument("--again", type=Path, help="run one kept input and let its error out")
    options = parser.parse_args()
    if options.again is not None:
        targets.load(options.again.name.rpartition("-")[0]).run(options.again.read_bytes())
        print("nothing escapes")
        return 0
    names = [options.target] if options.target else targets.NAMES
    seed = secrets.randbits(32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    # A process for each: its memory is limited, and nothing of one target is left for the next.
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.jobs, maxtasksperchild=1) as pool:
        work = [(name, options.inputs, seed) for name in names]
        results = []
        for result in pool.imap(harness.run_alone, work):
            results.append(result)
            _tell(result)
    _write(results)
    return 1 if any(result.escapes for result in results) else 0


def _tell(result: harness.Result) -> None:
    rate = result.inputs / max(result.seconds, 0.001)
    print(
        f"{result.target:<10} {result.inputs:>8} inputs {result.seconds:>7} s {rate:>7.0f}/s"
        f" {result.grown_mib:>6} MiB  {len(result.escapes)} escapes",
        flush=True,
    )
    for escape in result.escapes:
        print(f"  {escape['what']}\n    tests/fuzz/kept/{escape['kept']}", flush=True)


def _earlier() -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = json.loads(REPORT.read_text(encoding="utf-8"))["targets"]
    except (OSError, ValueError, LookupError):
        return []
    return entries


def _write(results: list[harness.Result]) -> None:
    """What an earlier run found of other targets stays in the report."""
    REPORT.parent.mkdir(exist_ok=True)
    found = {entry["target"]: entry for entry in _earlier()}
    found.update({result.target: asdict(result) for result in results})
    report = {"format": 1, "targets": list(found.values())}
    REPORT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"report: {REPORT}")


if __name__ == "__main__":
    sys.exit(main())
