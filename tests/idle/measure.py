# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two daemons use while nothing happens."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from .pair import Pair

SETTLE_S = 20.0
"""The first look at everything is over then."""
TICKS = os.sysconf("SC_CLK_TCK")


def used(pid: int) -> tuple[float, int, float]:
    """Processor seconds with those of ended children, times woken up, MiB resident."""
    process = Path(f"/proc/{pid}")
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    cpu_s = sum(map(int, fields[11:15])) / TICKS
    woken = 0
    for task in process.glob("task/*/status"):
        woken += _field(task.read_text(), "voluntary_ctxt_switches")
    return cpu_s, woken, _field((process / "status").read_text(), "VmRSS") / 1024


def _field(text: str, name: str) -> int:
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:"))


def measure(seconds: float) -> dict[str, dict[str, float]]:
    """By node: percent of a core, times woken up per second, MiB resident at the end."""
    with tempfile.TemporaryDirectory(prefix="failover-idle-") as path, Pair(Path(path)) as pair:
        pair.wait()
        time.sleep(SETTLE_S)
        before = {node: used(pid) for node, pid in pair.daemons.items()}
        began = time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - began
        return {
            node: {
                "cpu_percent": round(100 * (after[0] - before[node][0]) / passed, 3),
                "woken_per_s": round((after[1] - before[node][1]) / passed, 1),
                "resident_mib": round(after[2], 1),
            }
            for node, pid in pair.daemons.items()
            for after in [used(pid)]
        }
