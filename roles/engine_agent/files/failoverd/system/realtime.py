# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the daemon on time by real-time scheduling and locked memory, if the system allows it."""

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
"""Bytes of a thread's stack. A locked stack is in memory as a whole; the default is 8 MiB."""
M_ARENA_MAX = -8
"""mallopt(3): the number of heaps. By default each thread makes one, which would be locked too."""


def modest() -> None:
    """Use less memory that will be locked. To be called before the first thread starts."""
    threading.stack_size(STACK)
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def hurry() -> str:
    """Ask for real-time scheduling; returns why it was refused, empty if it was granted."""
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(PRIORITY))
    except OSError as error:
        return f"no real-time scheduling: {error.strerror}"
    return ""


def enter() -> list[str]:
    """Ask for both; returns in words what was refused."""
    missing = list(filter(None, [hurry()]))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT) or libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT):
        missing.append(f"memory is not locked: {os.strerror(ctypes.get_errno())}")
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("-1000", encoding="ascii")
    return missing
