# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping the daemon running on time: real-time scheduling and locked memory. Best effort."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

MCL_CURRENT = 1
MCL_FUTURE = 2
MCL_ONFAULT = 4
PRIORITY = 1


def enter() -> list[str]:
    """Ask for both; returns what could not be had, in words."""
    missing = []
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(PRIORITY))
    except OSError as error:
        missing.append(f"no real-time scheduling: {error.strerror}")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT) or libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT):
        missing.append(f"memory is not locked: {os.strerror(ctypes.get_errno())}")
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("-1000", encoding="ascii")
    return missing
