# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays seeds on the failoverd that PYTHONPATH names until one breaks; says which and how."""

from __future__ import annotations

import json
import sys

from tests.simulation import setting
from tests.simulation.campaign import play


def main() -> None:
    """One line of JSON."""
    most = int(sys.argv[1])
    only = sys.argv[2]
    for seed in range(1, most + 1):
        drawn = setting.draw(seed) if only else None
        if drawn is not None and not (drawn.shared if only == "shared" else drawn.lease):
            continue
        played = play(seed)
        if played.violation:
            print(json.dumps({"invariant": played.invariant, "seeds": seed}))
            return
    print(json.dumps({"invariant": "", "seeds": most}))


if __name__ == "__main__":
    main()
