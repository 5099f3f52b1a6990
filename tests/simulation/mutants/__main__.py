# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.simulation.mutants [--most N] [--anew] [--only WORDS]: what catches which bug.

The seed that is known to catch a bug is played first; only if it does not is another searched for,
from the first on, and known from then on. Only a run for all bugs writes the report.
"""

from __future__ import annotations

import argparse
import sys

from . import campaign
from .table import MUTANTS


def main() -> int:
    """1 if a bug survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--most", type=int, default=campaign.MOST, help="seeds played on each bug")
    parser.add_argument("--anew", action="store_true", help="forget which seeds are known")
    parser.add_argument("--only", default="", help="bugs whose description has these words")
    options = parser.parse_args()
    mutants = tuple(mutant for mutant in MUTANTS if options.only in mutant.what)
    if not mutants:
        parser.error(f"no bug is described with {options.only!r}")
    results = []
    for caught in campaign.run_all(mutants, options.most, anew=options.anew):
        print(campaign.line(caught), flush=True)
        if caught.invariant:
            campaign.remember(caught)
        results.append(caught)
    alive = [caught for caught in results if not caught.invariant]
    print(f"{len(results) - len(alive)} of {len(results)} bugs caught")
    if mutants == MUTANTS:
        order = [mutant.what for mutant in MUTANTS]
        campaign.write(sorted(results, key=lambda caught: order.index(caught.what)))
        print(f"report: {campaign.REPORT}")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
