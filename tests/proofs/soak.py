# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an idle cluster costs, and an hour of full load on both nodes: ``build/soak.json``.

``make show WHAT=soak MINUTES=15`` for a shorter one. Processor time is measured on this machine's
own kernel (tests.idle_cost); the lab's figure stands beside it and is not judged.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.idle_cost.measure import measure

from . import _labtests

TESTS = ("tests/kernels/long/test_soak.py",)
REPORT = _labtests.CHECKOUT / "build" / "soak.json"
IDLE_S = 240.0
"""Four rounds of asking the fence devices."""
CPU_PERCENT = 1.0
"""Of one core, by the daemon and what it starts."""
RESIDENT_MIB = 40.0


def prove() -> list[dict[str, Any]]:
    """The idle daemons, the two tests, and the promised cost of each node."""
    rows = judged([idle(), *_labtests.run("soak", TESTS)])
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return rows


def idle(seconds: float = IDLE_S) -> dict[str, Any]:
    """Two idle daemons on this machine's own kernel."""
    what = "two idle daemons on a real kernel"
    try:
        measured = measure(seconds)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return {"what": what, "ok": False, "figures": {"why": str(error)[:300]}}
    figures = {
        f"{node}_{name}": value for node, of in measured.items() for name, value in of.items()
    }
    return {"what": what, "ok": True, "figures": {"seconds": seconds, **figures}}


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, and one more for each promise about each node's cost; unmeasured is not kept."""
    result = list(rows)
    for suffix, what, limit in (
        ("_cpu_percent", "processor time of an idle daemon, percent of a core", CPU_PERCENT),
        ("_resident_mib", "memory of a daemon, MiB", RESIDENT_MIB),
    ):
        seen = {
            name.removesuffix(suffix): figure
            for row in rows
            for name, figure in row["figures"].items()
            if name.endswith(suffix)
        }
        ok = len(seen) > 1 and all(figure < limit for figure in seen.values())
        result.append({"what": what, "ok": ok, "figures": {**seen, "limit": limit}})
    return result
