# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose processes run where, from /proc."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def everyone(proc: Path = PROC) -> dict[int, str]:
    """Process number -> its control groups; kernel threads and the dead are left out."""
    found: dict[int, str] = {}
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (entry / "cmdline").read_bytes():
                found[int(entry.name)] = (entry / "cgroup").read_text(encoding="utf-8")
    return found


def members(unit: str, proc: Path = PROC) -> list[int]:
    """The processes of a unit."""
    return sorted(pid for pid, groups in everyone(proc).items() if f"/{unit}" in groups)


def name(pid: int, proc: Path = PROC) -> str:
    """What it is called, with its control group's last part; empty if it has ended."""
    try:
        word = (proc / str(pid) / "comm").read_text(encoding="utf-8").strip()
        group = (proc / str(pid) / "cgroup").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    units = [line.rsplit("/", 1)[-1] for line in group.splitlines() if ":name=systemd:" in line]
    units += [line.rsplit("/", 1)[-1] for line in group.splitlines() if line.startswith("0::")]
    return f"{word} in {units[0] if units else 'no unit'}"


def adjusted(pids: Iterable[int], proc: Path = PROC) -> list[int]:
    """Those whose turn when memory runs out is not that of everybody."""
    found = []
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (proc / str(pid) / "oom_score_adj").read_text(encoding="ascii").strip() != "0":
                found.append(pid)
    return found


def kill(pids: Iterable[int]) -> None:
    """SIGKILL to each."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
