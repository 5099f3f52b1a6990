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
    leased = sys.argv[2:] == ["leased"]
    for seed in range(1, most + 1):
        if leased and setting.draw(seed).lease is None:
            continue
        played = play(seed)
        if played.violation:
            print(json.dumps({"invariant": played.invariant, "seeds": seed}))
            return
    print(json.dumps({"invariant": "", "seeds": most}))


if __name__ == "__main__":
    main()
