# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who was active and when, in words: what the observer saw of the nodes during a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.observer import Interval


def told(intervals: Mapping[str, Sequence[Interval]], began: float) -> str:
    """One entry for each stretch that did not end before ``began``, in order of time.

    Times are seconds since ``began`` (wall clock, as in the intervals).
    """
    stretches = sorted(
        (max(0.0, interval.begin - began), interval.end - began, node)
        for node, found in intervals.items()
        for interval in found
        if interval.end >= began
    )
    return ", ".join(f"{node} {begin:.1f}-{end:.1f} s" for begin, end, node in stretches)
