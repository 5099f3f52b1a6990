# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches the main process of an application: an event tells its end, /proc shows a stop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from . import kernel

STOPPED = "T"


class ProcessWatch:
    """Calls ended() once, as soon as the process has ended (F50). It need not be a child."""

    def __init__(self, pid: int, ended: Callable[[], None]) -> None:
        """Raises OSError, most often ProcessLookupError, when there is nothing to watch."""
        self.pid = pid
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._fd = os.pidfd_open(pid)
        self._loop.add_reader(self._fd, self._readable)

    def _readable(self) -> None:
        self.close()
        self._ended()

    def close(self) -> None:
        """Stop watching; the process goes on."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


def state_of(pid: int, proc: str | Path = "/proc") -> str:
    """The kernel's letter for the state of the process, empty if there is no process."""
    try:
        text = kernel.read(f"{proc}/{pid}/stat").decode("ascii", "replace")
    except OSError:
        return ""
    # The program chooses the name in brackets, and may use brackets in it.
    return text.rpartition(")")[2].split()[0]


def is_stopped(pid: int) -> bool:
    """Whether it was stopped by SIGSTOP: it is alive and serves nobody (F51)."""
    return state_of(pid) == STOPPED
