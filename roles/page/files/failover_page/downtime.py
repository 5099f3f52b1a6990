# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts how long each service was not running while this page watched, and why."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from .reading import flag, listing, others, text
from .source import Seen

LONGEST_S = 10.0
"""Of a longer gap between two looks, such as of a host that slept, only so much is counted."""
CAUSES = ("planned", "failover", "failure", "blocked", "unknown")


class Downtime:
    """Seconds by service and cause, since the page started."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at: float | None = None
        self._down: dict[str, str] = {}
        """The services that did not run at the last look, and why."""
        self.seconds: defaultdict[tuple[str, str], float] = defaultdict(float)

    def take(self, seen: Seen) -> None:
        """Count the time since the last look. Without an answer nothing is known, nor counted."""
        now = self._clock()
        passed = 0.0 if self._at is None else min(LONGEST_S, now - self._at)
        self._at = now
        for name, cause in self._down.items():
            self.seconds[name, cause] += passed
        self._down = {}
        if not seen.up:
            return
        for service in listing(seen.status, "services"):
            name = text(service, "name")
            for cause in CAUSES:
                self.seconds[name, cause] += 0.0
            if text(service, "state") != "running":
                self._down[name] = cause_of(seen.status, service)


def cause_of(status: Mapping[str, Any], service: Mapping[str, Any]) -> str:
    """Why a service does not run, as far as the status shows."""
    if text(service, "moving_to") or flag(status, "maintenance") or flag(status, "leaving"):
        return "planned"
    if text(service, "failure"):
        return "failure"
    if text(service, "state") in ("blocked", "broken"):
        return "blocked"
    if any(text(one, "life") in ("silent", "suspect", "gone") for one in others(status)):
        return "failover"
    return "unknown"
