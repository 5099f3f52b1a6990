# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a steady beat, and skips lost beats."""

from __future__ import annotations

import threading
import time


class Pace:
    """Waits for the next beat of a steady rhythm."""

    def __init__(self, interval_s: float, stop: threading.Event) -> None:
        self._interval = interval_s
        self._stop = stop
        self._next = time.monotonic()

    def wait(self) -> bool:
        """Wait until the next beat; False if the client is to end.

        A beat that has passed meanwhile is skipped: catching up would hide how slow the service
        was.
        """
        now = time.monotonic()
        self._next = max(self._next + self._interval, now)
        return not self._stop.wait(max(0.0, self._next - now))
