# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping the daemon running on time: real-time scheduling and locked memory. Best effort."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from pathlib import Path

MCL_CURRENT = 1
MCL_FUTURE = 2
MCL_ONFAULT = 4
PRIORITY = 1
STACK = 512 * 1024
"""Bytes of a thread's stack: a locked one is in memory as a whole, and the default is 8 MiB."""
M_ARENA_MAX = -8
"""mallopt(3): the number of heaps. By default each thread makes one, which is locked, too."""


def modest() -> None:
    """Take less memory that is to be locked. Before the first thread begins."""
    threading.stack_size(STACK)
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def hurry() -> str:
    """Ask for real-time scheduling; returns why it could not be had, empty if it could."""
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(PRIORITY))
    except OSError as error:
        return f"no real-time scheduling: {error.strerror}"
    return ""


def enter() -> list[str]:
    """Ask for both; returns what could not be had, in words."""
    missing = list(filter(None, [hurry()]))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT) or libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT):
        missing.append(f"memory is not locked: {os.strerror(ctypes.get_errno())}")
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("-1000", encoding="ascii")
    return missing
