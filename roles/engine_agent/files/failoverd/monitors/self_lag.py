# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches whether the daemon runs on time, and reports before it looks dead to its peer (F21)."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import Any

from failoverd.journal.chronicle import Chronicle

ALERT_SHARE = 0.25
"""Share of the dead time; from half of it on the daemon counts as paused (F26)."""
WORSE = 1.5
"""It is reported again only if it is so many times worse."""
RECENT_S = 60.0
"""So long a delay is shown at least: a monitoring system asks seldom, and a beat is short."""


class Lag:
    """The delays of the event loop in seconds. No I/O, no clock."""

    def __init__(self, dead_s: float) -> None:
        self._told_s = ALERT_SHARE * dead_s / WORSE
        self._now_s = self._before_s = 0.0
        """The longest of the present period, and of the one before it."""
        self._since = 0.0
        self.most_s = 0.0

    @property
    def recent_s(self) -> float:
        """The longest of the last one or two minutes."""
        return max(self._now_s, self._before_s)

    def see(self, late_s: float, now: float) -> bool:
        """Take in one delay; True if people should know. now: monotonic."""
        if now - self._since >= RECENT_S:
            self._now_s, self._before_s, self._since = 0.0, self._now_s, now
        self._now_s = max(self._now_s, late_s)
        self.most_s = max(self.most_s, late_s)
        if late_s < WORSE * self._told_s:
            return False
        self._told_s = late_s
        return True


class SelfWatch:
    """Gets the delay of each beat of the daemon."""

    def __init__(self, dead_s: float, history: Chronicle) -> None:
        self._dead_s = dead_s
        self._history = history
        self._begin = time.monotonic()
        self.lag = Lag(dead_s)

    def note(self, late_s: float) -> None:
        """Take in one delay."""
        if self.lag.see(late_s, time.monotonic()):
            text = (
                f"the daemon was held up for {late_s:.2f} s, and counts as silent after"
                f" {self._dead_s:g} s: this node is too busy, or dead_s is too short"
            )
            self._history.add("self-late", text, alert=True, data={"late_s": round(late_s, 3)})

    def status(self) -> dict[str, Any]:
        """For failoverctl: memory and delays of the daemon."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        cpu_s = used.ru_utime + used.ru_stime
        return {
            "late_ms": round(self.lag.recent_s * 1000, 1),
            "latest_ms": round(self.lag.most_s * 1000, 1),
            "memory_bytes": pages * os.sysconf("SC_PAGE_SIZE"),
            "cpu_s": round(cpu_s, 2),
            "cpu_percent": round(100 * cpu_s / max(0.001, time.monotonic() - self._begin), 2),
            "real_time": os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR,
        }
