# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of downtime."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.client.gaps import gaps, is_steady, longest_gap, outages

STEADY = [n * 0.02 for n in range(500)]


def test_the_longest_gap_is_measured_from_the_last_to_the_next_acknowledgement() -> None:
    times = [t for t in STEADY if not 3.0 < t < 7.0]
    gap = longest_gap(times, 2.9, 9.0)
    assert [gap.begin, gap.end] == pytest.approx([3.0, 7.0])
    assert gap.returned


def test_a_gap_that_began_before_the_window_is_measured_in_full() -> None:
    times = [1.0, 6.0, 6.1]
    assert longest_gap(times, 4.0, 6.2).seconds == pytest.approx(5.0)


def test_a_service_that_never_returns_is_not_reported_as_back() -> None:
    gap = longest_gap([1.0, 1.1, 1.2], 1.0, 60.0)
    assert gap.seconds == pytest.approx(58.8)
    assert not gap.returned


def test_without_any_acknowledgement_the_whole_window_is_a_gap() -> None:
    gap = longest_gap([], 10.0, 15.0)
    assert (gap.begin, gap.end, gap.returned) == (10.0, 15.0, False)


def test_acknowledgements_after_the_window_do_not_shorten_it() -> None:
    assert not longest_gap([1.0, 99.0], 1.0, 20.0).returned


def test_outages_leave_out_short_pauses() -> None:
    times = [0.0, 0.1, 0.6, 0.7, 3.0, 3.1]
    found = outages(times, 0.0, 3.2, at_least=0.4)
    assert [(gap.begin, gap.end) for gap in found] == [(0.1, 0.6), (0.7, 3.0)]


def test_steadiness_needs_service_to_the_very_end() -> None:
    assert is_steady(STEADY, 1.0, 9.9, longest=0.2)
    assert not is_steady(STEADY, 1.0, 12.0, longest=0.2)
    assert not is_steady([], 0.0, 1.0, longest=2.0)


@given(st.lists(st.floats(0, 100), max_size=30).map(sorted), st.floats(0, 100), st.floats(0, 100))
def test_gaps_cover_the_window_without_holes(times: list[float], one: float, two: float) -> None:
    begin, end = sorted((one, two))
    found = gaps(times, begin, end)
    assert found[0].begin <= begin
    assert found[-1].end >= end
    assert all(a.end == b.begin for a, b in pairwise(found))
