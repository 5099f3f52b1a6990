# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays seeds on the failoverd that PYTHONPATH names until one breaks; says which and how.

Arguments: how many seeds at most; "leased" or "shared" for such worlds only; the seed to begin by.
"""

from __future__ import annotations

import json
import sys

from tests.simulation import setting
from tests.simulation.campaign import play


def main() -> None:
    """One line of JSON."""
    most, only, first = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    rest = (seed for seed in range(1, most + 1) if seed != first)
    for seed in (first, *rest) if first else rest:
        drawn = setting.draw(seed) if only else None
        if drawn is not None and not (drawn.shared if only == "shared" else drawn.lease):
            continue
        played = play(seed)
        if played.violation:
            print(json.dumps({"invariant": played.invariant, "seed": seed}))
            return
    print(json.dumps({"invariant": "", "seed": most}))


if __name__ == "__main__":
    main()
