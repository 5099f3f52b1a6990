# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic on acknowledgements: the time in which nobody was served.

Times are seconds of one clock (the client uses the monotonic one) in ascending order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Gap:
    """A stretch without an acknowledgement."""

    begin: float
    """The last acknowledgement before it."""
    end: float
    """The first one after it, or the end of the window when there was none."""
    returned: bool
    """False if nothing more was acknowledged until the end of the window."""

    @property
    def seconds(self) -> float:
        """Length of the gap."""
        return self.end - self.begin


def gaps(times: Sequence[float], begin: float, end: float) -> list[Gap]:
    """All times between two acknowledgements that overlap the window [begin, end].

    The last acknowledgement before the window opens the first gap, so that one which began
    shortly before the window is measured in full; the window's own end closes the last.
    """
    first = bisect_left(times, begin)
    last = bisect_right(times, end)
    inside = list(times[first:last])
    before = times[first - 1] if first > 0 else begin
    points = [before, *inside]
    found = [Gap(a, b, True) for a, b in pairwise(points)]
    found.append(Gap(points[-1], max(end, points[-1]), False))
    return found


def longest_gap(times: Sequence[float], begin: float, end: float) -> Gap:
    """The longest stretch without an acknowledgement within [begin, end]."""
    return max(gaps(times, begin, end), key=lambda gap: gap.seconds)


def outages(times: Sequence[float], begin: float, end: float, at_least: float) -> list[Gap]:
    """The gaps of at least ``at_least`` seconds, in order of time."""
    return [gap for gap in gaps(times, begin, end) if gap.seconds >= at_least]


def is_steady(times: Sequence[float], begin: float, end: float, longest: float) -> bool:
    """True when the whole window was served without a gap longer than ``longest`` seconds."""
    return bool(times) and longest_gap(times, begin, end).seconds <= longest
