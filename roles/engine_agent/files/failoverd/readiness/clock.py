# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wall clocks of both nodes. No failover depends on them; people who compare logs do (F28)."""

from __future__ import annotations

from failoverd.links.word import Word


class PeerClock:
    """How far the other clock is ahead, from the times in the words of the peer."""

    def __init__(self, slack_s: float) -> None:
        self._slack_s = slack_s
        """A word may wait so long for the next heartbeat."""
        self._last = 0
        self._ahead: tuple[float, float] | None = None

    def heard(self, word: Word, wall_s: float) -> None:
        """A word came at this time of the own wall clock. Only a new one tells anything."""
        if word.clock_ds in (0, self._last):
            return
        fresh, self._last = self._last != 0, word.clock_ds
        if fresh:  # the first one may be a minute old
            most = word.clock_ds / 10 + self._slack_s - wall_s
            self._ahead = (most - self._slack_s - 0.1, most)

    @property
    def apart_s(self) -> float | None:
        """The clocks differ by at least so much; None if that is not known yet."""
        if self._ahead is None:
            return None
        least, most = self._ahead
        return round(max(least, -most, 0.0), 1)
