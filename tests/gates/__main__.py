# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the gates, all or those that are named, and writes ``build/gates/report.json``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable

from tests.gates import (
    cores,
    installed,
    locks,
    precommit,
    readme,
    sanity,
    site,
    tools,
    units,
)
from tests.gates.bench import BUILD, Bench, Refused

Check = Callable[[Bench], dict[str, object]]
GATES: dict[str, tuple[str, Check]] = {
    "locks": ("exact versions for development, bounded ranges for users", locks.check),
    "licences": ("every file says its licence (REUSE)", tools.licences),
    "changelog": ("antsibull-changelog lint", tools.changelog),
    "documentation": ("antsibull-docs lint-collection-docs", tools.documentation),
    "sanity": ("ansible-test sanity", sanity.check),
    "units": ("ansible-test units", units.check),
    "installed": ("build, install into an empty directory, run by full names", installed.check),
    "readme": ("README in the order of sections that Galaxy's users expect", readme.check),
    "importer": ("galaxy-importer without a warning", tools.importer),
    "cores": ("oldest and newest ansible-core; every example runs", cores.check),
    "environment": ("definition of the execution environment", tools.environment),
    "precommit": ("each hook of pre-commit works", precommit.check),
    "site": ("documentation site without a warning", site.check),
}
LEFT_OUT = ("cores", "units")
"""Not part of make test: the first makes a virtual environment for each ansible-core, and the
second runs tests that make test runs already, by another program."""


def main() -> int:
    """Run the gates one after the other; exit 0 only when all are open."""
    parser = argparse.ArgumentParser(prog="python -m tests.gates", description=__doc__)
    parser.add_argument("gate", nargs="*", help=", ".join(GATES))
    parser.add_argument("--quick", action="store_true", help=f"leave out {', '.join(LEFT_OUT)}")
    given = parser.parse_args()
    named = given.gate or [name for name in GATES if not (given.quick and name in LEFT_OUT)]
    unknown = [name for name in named if name not in GATES]
    if unknown:
        parser.error(f"{unknown[0]} is not a gate; they are {', '.join(GATES)}.")
    bench = Bench()
    report = []
    for name in named:
        what, check = GATES[name]
        print(f"{name:14} {what} ...", flush=True)
        began = time.monotonic()
        bench.begin(name)
        try:
            figures = check(bench)
        except Refused as refused:
            figures = {"why": str(refused)}
        seconds = round(time.monotonic() - began, 1)
        ok = "why" not in figures
        report.append({"what": what, "ok": ok, "figures": {**figures, "seconds": seconds}})
        shown = "" if ok else f"\n{figures['why']}\n(all of it: {bench.log})"
        print(f"{name:14} {'ok' if ok else 'FAILED'} {seconds} s{shown}", flush=True)
    (BUILD / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if all(entry["ok"] for entry in report) else 1


if __name__ == "__main__":
    sys.exit(main())
