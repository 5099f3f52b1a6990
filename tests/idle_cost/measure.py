# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two daemons use while nothing happens."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .pair import Pair

SETTLE_S = 20.0
"""The first look at everything is over then."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Used:
    """What a daemon has used so far."""

    cpu_s: float
    helpers_s: float
    """By programs that it has run, and that have ended: above all the fence agent."""
    woken: int
    resident_mib: float


def used(pid: int) -> Used:
    """As the kernel counts it."""
    process = Path(f"/proc/{pid}")
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    own, helpers = (sum(map(int, fields[at : at + 2])) / TICKS for at in (11, 13))
    woken = 0
    for task in process.glob("task/*/status"):
        woken += _field(task.read_text(), "voluntary_ctxt_switches")
    resident_kib = _field((process / "status").read_text(), "VmRSS")
    return Used(own + helpers, helpers, woken, resident_kib / 1024)


def _field(text: str, name: str) -> int:
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:"))


def measure(seconds: float) -> dict[str, dict[str, float]]:
    """By node: percent of a core (in all, and by helpers), wake-ups per second, MiB at the end."""
    with tempfile.TemporaryDirectory(prefix="failover-idle-") as path, Pair(Path(path)) as pair:
        pair.wait()
        time.sleep(SETTLE_S)
        before = {node: used(pid) for node, pid in pair.daemons.items()}
        began = time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - began
        return {
            node: _figures(before[node], used(pid), passed) for node, pid in pair.daemons.items()
        }


def _figures(before: Used, after: Used, seconds: float) -> dict[str, float]:
    return {
        "cpu_percent": round(100 * (after.cpu_s - before.cpu_s) / seconds, 3),
        "helpers_percent": round(100 * (after.helpers_s - before.helpers_s) / seconds, 3),
        "woken_per_s": round((after.woken - before.woken) / seconds, 1),
        "resident_mib": round(after.resident_mib, 1),
    }
