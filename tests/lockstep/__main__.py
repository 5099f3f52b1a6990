# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.lockstep --against REV [--seeds N] [--first N] [--journals DIRECTORY] [--orders]

Gives the events of simulated worlds, and those of journals, to the core of a git revision and to
that of the working tree, and compares each step: what is ordered, and when the next tick is due.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.lockstep import streams
from tests.lockstep.baseline import Baseline, extract
from tests.lockstep.shadow import Shadow

REPORT = Path(__file__).parents[2] / "build" / "lockstep.json"
CHUNK = 8
SHOWN = 5
_shadow: Shadow


def main() -> int:
    """1 if the cores part anywhere."""
    parser = argparse.ArgumentParser(prog="python -m tests.lockstep", description=__doc__)
    parser.add_argument("--against", required=True, metavar="REV", help="the other core")
    parser.add_argument("--seeds", type=int, default=300, help="how many worlds are played")
    parser.add_argument("--first", type=int, default=1, help="the first seed of them")
    parser.add_argument("--journals", type=Path, help="a directory with journals, at any depth")
    parser.add_argument("--orders", action="store_true", help="deadlines may have changed")
    options = parser.parse_args()
    deadlines = not options.orders
    with tempfile.TemporaryDirectory(prefix="lockstep-") as where:
        extract(options.against, Path(where))
        seeds = range(options.first, options.first + options.seeds)
        given = (where, deadlines)
        with ProcessPoolExecutor(os.cpu_count(), initializer=_load, initargs=given) as pool:
            apart = []
            steps = 0
            for taken, text in pool.map(_play, seeds, chunksize=CHUNK):
                steps += taken
                if text:
                    apart.append(text)
                    print(text, flush=True)
                    if len(apart) >= SHOWN:
                        pool.shutdown(cancel_futures=True)
                        break
        if options.journals:
            _load(where, deadlines)
            apart += list(streams.journals(_shadow, options.journals))
            steps += _shadow.steps
    print("\n".join(apart[SHOWN:]))
    print(f"{steps} steps in {len(seeds)} worlds, apart in {len(apart)}")
    told = {
        "ok": bool(steps) and not apart,
        "against": options.against,
        "deadlines_too": deadlines,
        "seeds": len(seeds),
        "journals": str(options.journals or ""),
        "steps": steps,
        "apart": len(apart),
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 1 if apart else 0


def _load(where: str, deadlines: bool) -> None:
    global _shadow
    _shadow = Shadow(Baseline(Path(where)), deadlines=deadlines)


def _play(seed: int) -> tuple[int, str]:
    before = _shadow.steps
    text = streams.world(_shadow, seed)
    return _shadow.steps - before, text


if __name__ == "__main__":
    sys.exit(main())
