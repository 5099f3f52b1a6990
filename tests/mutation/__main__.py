# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.mutation [--draw N --seed WORD] [--file exclusion.py] [--seeds N]

Puts bugs into the rules of the core, all of them or N that are drawn, and tells which ones nothing
catches. build/mutation.json has the score.
"""

from __future__ import annotations

import argparse
import sys
import time

from . import campaign, detect


def main() -> int:
    """1 if a bug survives that is not written down as equivalent."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--draw", type=int, default=0, metavar="N", help="only N bugs, drawn")
    parser.add_argument("--seed", default="1", help="which ones are drawn")
    parser.add_argument("--file", default="", help="only bugs in this file of the core")
    parser.add_argument("--seeds", type=int, default=300, help="worlds played on each bug")
    options = parser.parse_args()
    found = [point for point in campaign.all_points() if options.file in ("", point.file)]
    if options.draw:
        found = campaign.draw(found, options.draw, options.seed)
    began, results = time.monotonic(), []
    for caught in campaign.run(found, detect.Effort(options.seeds)):
        results.append(caught)
        print(
            f"{len(results)}/{len(found)} {caught.by or 'SURVIVED':<40} {caught.point}", flush=True
        )
        if len(results) % 50 == 0:
            campaign.remember(results)
    campaign.remember(results)
    campaign.write(results)
    told = campaign.report(results)
    print(
        f"{told['caught']} of {told['bugs']} bugs caught, {told['equivalent']} equivalent,"
        f" {time.monotonic() - began:.0f} s; report: {campaign.REPORT}"
    )
    return 1 if told["survivors"] else 0


if __name__ == "__main__":
    sys.exit(main())
