# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides when failed checks count: not the first one, and not too often. Pure."""

from __future__ import annotations

REPEAT_S = 60.0


class Streak:
    """Failures in a row (F52). A lasting failure is reported again: it may have been missed."""

    def __init__(self, confirmations: int, repeat_s: float = REPEAT_S) -> None:
        self._confirmations = confirmations
        self._repeat_s = repeat_s
        self._failures = 0
        self._told_at: float | None = None

    @property
    def confirmed(self) -> bool:
        """Whether it counts as failed."""
        return self._failures >= self._confirmations

    def good(self) -> None:
        """A good check ends the row."""
        self._failures = 0
        self._told_at = None

    def bad(self, now: float) -> bool:
        """Take in a failed check; True if it is to be reported. now: seconds of any clock."""
        self._failures += 1
        if not self.confirmed:
            return False
        if self._told_at is not None and now - self._told_at < self._repeat_s:
            return False
        self._told_at = now
        return True
