# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows every interleaving, as deep as wanted, and says what was covered."""

from __future__ import annotations

import argparse
import sys
import time

from .scenarios import handshakes, takeovers
from .search import search, story


def main() -> int:
    """Search all scenarios; exit 1 at the first violation, which is told as a story."""
    parser = argparse.ArgumentParser(prog="python -m tests.exploration", description=__doc__)
    parser.add_argument("--depth", type=int, help="moves to follow (default: as in the tests)")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    arguments = parser.parse_args()
    for scenario in (*handshakes(), *takeovers()):
        if arguments.only not in scenario.name:
            continue
        began = time.process_time()
        depth = arguments.depth or scenario.depth
        found = search(scenario.name, scenario.explorer, list(scenario.starts), depth)
        print(f"{found.line()}, {time.process_time() - began:.0f} s", flush=True)
        if found.violation:
            print("\n".join(story(scenario.explorer, list(scenario.starts), found)))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
