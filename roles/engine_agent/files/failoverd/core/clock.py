# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The present of one step, which remembers the times that it was compared with.

What the rules do depends on the state, the event, and how the present compares with times of the
state. So as long as no event comes, they come to the same result until the first time at which a
comparison comes out otherwise. That time is the next deadline: no rule needs to say it twice.
"""

from __future__ import annotations

import math

LONGEST_S = 60.0
"""At least this often every rule looks at the state, whatever it asked for."""


class Clock:
    """A rule compares the present with another time through this, and in no other way."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.ahead = now + LONGEST_S
        """The first time at which a comparison comes out otherwise."""
        self.silence_s = 0.0
        """The first length of the peer's silence at which one does, 0 for none."""

    def passed(self, time: float) -> bool:
        """It is that time, or later."""
        if self.now >= time:
            return True
        self.ahead = min(self.ahead, time)
        return False

    def beyond(self, time: float) -> bool:
        """It is later than that time."""
        return self.passed(math.nextafter(time, math.inf))

    def silent(self, heard: float, seconds: float) -> bool:
        """The peer was last heard so long ago, or longer. heard: when that was."""
        if self.now >= heard + seconds:
            return True
        self.silence_s = min(self.silence_s or seconds, seconds)
        return False

    def reached(self, time: float) -> bool:
        """As passed, for a time that the step is repeated at in any case: that of a heartbeat."""
        return self.now >= time
