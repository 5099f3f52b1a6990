# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects entries for one message: a storm becomes one summary. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GATHER_S = 2.0
"""Entries of this time go into one message: a takeover makes several."""
PAUSE_S = 60.0
"""At most one message in this time."""
KEPT = 200

Entries = list[tuple[Mapping[str, Any], int]]


class Batch:
    """Collects entries and tells when they are due. Times in seconds of one clock."""

    def __init__(self, gather_s: float = GATHER_S, pause_s: float = PAUSE_S) -> None:
        self._gather_s = gather_s
        self._pause_s = pause_s
        self._entries: dict[tuple[str, str], tuple[Mapping[str, Any], int]] = {}
        self._dropped = 0
        self._free_at = 0.0
        self.due: float | None = None
        """When to call take(); None while there are no entries."""

    def add(self, entry: Mapping[str, Any], now: float) -> None:
        """Add an entry. Equal entries are counted; at most KEPT are kept."""
        key = (str(entry["code"]), str(entry["text"]))
        if key in self._entries:
            first, count = self._entries[key]
            self._entries[key] = (first, count + 1)
        elif len(self._entries) < KEPT:
            self._entries[key] = (entry, 1)
        else:
            self._dropped += 1
        if self.due is None:
            self.due = max(now + self._gather_s, self._free_at)

    def take(self, now: float) -> tuple[Entries, int]:
        """The entries for a message, and how many were dropped."""
        result = list(self._entries.values()), self._dropped
        self._entries, self._dropped = {}, 0
        self._free_at = now + self._pause_s
        self.due = None
        return result
