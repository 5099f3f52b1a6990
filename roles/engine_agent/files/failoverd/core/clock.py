# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The present of one step. It remembers with which future times the rules compared it.

A rule's result depends on the state, the event, and how the present compares with times. So without
an event the rules come to the same result until the first of those times. That time is the next
deadline: no rule has to name it twice.
"""

from __future__ import annotations

import math

LONGEST_S = 1.0
"""The rules look at the state at least this often."""


class Clock:
    """The only way in which a rule may compare the present with another time."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.ahead = now + LONGEST_S
        """The earliest future time that a rule has compared the present with."""

    def passed(self, time: float) -> bool:
        """It is that time, or later."""
        if self.now >= time:
            return True
        self.ahead = min(self.ahead, time)
        return False

    def beyond(self, time: float) -> bool:
        """It is later than that time."""
        return self.passed(math.nextafter(time, math.inf))
