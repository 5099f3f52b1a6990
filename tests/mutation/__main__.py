# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts bugs into the rules of the core and tells which ones nothing catches.

python -m tests.mutation [--draw N --seed WORD] [--file lease.py]   all of them, or N that are drawn
python -m tests.mutation --slice                    as many as make test plays, drawn by the commit
python -m tests.mutation --only "NAME" [--show]     one of them

build/mutation.json has the score.
"""

from __future__ import annotations

import argparse
import difflib
import subprocess
import sys
import time
from collections.abc import Sequence

from . import campaign, detect
from .points import Point

SLICE_CPU_S = 100.0
"""What make test gives to a slice: about two minutes of one core with the last bug."""


def main() -> int:
    """1 if a bug survives that is not written down."""
    options = _options()
    points = campaign.all_points()
    found = [point for point in points if options.file in ("", point.file)]
    if options.only:
        found = [point for point in found if point.name == options.only]
        if not found:
            print(f"{options.only!r} is no bug of the rules as they are now.", file=sys.stderr)
            return 2
    elif options.slice:
        found = campaign.draw(found, len(found), _commit())
    elif options.draw:
        found = campaign.draw(found, options.draw, options.seed)
    if options.show:
        for point in found:
            print(_diff(point))
        return 0
    return _play(found, points, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--draw", type=int, default=0, metavar="N", help="only N bugs, drawn")
    parser.add_argument("--seed", default="1", help="which ones are drawn")
    parser.add_argument("--slice", action="store_true", help="some bugs, drawn by the commit")
    parser.add_argument("--only", default="", metavar="NAME", help="only the bug of this name")
    parser.add_argument("--show", action="store_true", help="show the bugs as diffs, play nothing")
    parser.add_argument("--file", default="", help="only bugs in this file of the core")
    parser.add_argument("--seeds", type=int, default=300, help="worlds played on each bug")
    return parser.parse_args()


def _play(found: Sequence[Point], points: Sequence[Point], options: argparse.Namespace) -> int:
    began, results = time.monotonic(), list[campaign.Caught]()
    workers, cpu_s = (1, SLICE_CPU_S) if options.slice else (0, 0.0)
    for caught in campaign.run(found, detect.Effort(options.seeds), workers, cpu_s):
        results.append(caught)
        print(f"{len(results)} {caught.by or 'SURVIVED':<40} {caught.point}", flush=True)
        if not options.slice:
            campaign.remember(results)
    functions = campaign.hunted(points) if options.slice else None
    told = campaign.report(results, len(points), functions)
    campaign.write(told)
    bad = {survivor["name"] for survivor in told["survivors"]}
    for caught in results:
        if caught.point.name in bad:
            print(_advice(caught.point))
    for survivor in told["not_hunted_yet"]:
        print(f"survived in a function that was not hunted yet: {survivor['where']}")
    print(
        f"{told['caught']} of {told['bugs']} bugs caught, {told['equivalent']} equivalent,"
        f" {told['uncaught']} known to be uncaught, {len(told['not_hunted_yet'])} not hunted yet,"
        f" {len(bad)} survived, {time.monotonic() - began:.0f} s; report: {campaign.REPORT}"
    )
    return 1 if bad else 0


def _commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        command, cwd=detect.ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def _diff(point: Point) -> str:
    path = detect.CORE / point.file
    source = path.read_bytes()
    before, after = source.decode(), point.applied(source).decode()
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), point.file, point.name, lineterm=""
    )
    return "\n".join(lines)


def _advice(point: Point) -> str:
    return (
        f"\n{_diff(point)}\n"
        f"No world, no unit test of the core and no exploration notices this bug.\n"
        f"Play it again:  python -m tests.mutation --only {point.name!r}\n"
        f"Then write a test in tests/unit/core that fails with it, or write the name and the reason"
        f" into tests/mutation/equivalent.json (it changes no decision) or uncaught.json.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
