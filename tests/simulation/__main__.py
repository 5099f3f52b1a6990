# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.simulation [--seeds N] | --seed N [--shrink] [--story]"""

from __future__ import annotations

import argparse
import sys

from . import campaign, script, shrink


def main() -> int:
    """0 if the contract held."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many worlds are played")
    parser.add_argument("--first", type=int, default=1, help="the first seed of them")
    parser.add_argument("--seed", type=int, help="play this world alone")
    parser.add_argument("--shrink", action="store_true", help="shorten its script if it fails")
    parser.add_argument("--story", action="store_true", help="tell what happened")
    options = parser.parse_args()
    if options.seed is not None:
        return _one(options.seed, options.shrink, options.story)
    done = campaign.run(range(options.first, options.first + options.seeds))
    campaign.write(done)
    if done.unreached:
        print(f"rows of the fault matrix that were never reached: {' '.join(done.unreached)}")
    print(f"report: {campaign.REPORT}")
    return 1 if done.broken else 0


def _one(seed: int, shorten: bool, tell: bool) -> int:
    played = shrink.shrink(seed) if shorten else script.draw(seed)
    found = shrink.violation(seed, played)
    if tell or shorten:
        print(shrink.story(seed, played))
    else:
        print(found or "no violation")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
