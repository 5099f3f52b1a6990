# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of availability, and the tables of the documentation that it makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverd.rules import availability as sums
from failoverd.rules.availability import DAY_S, YEAR_S, Down

PAGE = Path(__file__).parents[3] / "docs/availability.md"


@pytest.mark.parametrize(
    ("target", "seconds"),
    [
        (99.0, 3.65 * DAY_S),
        (99.9, 8.766 * 3600),
        (99.99, 52.6 * 60),
        (99.999, 5.26 * 60),
        (99.9999, 31.6),
        (99.99999, 3.16),
    ],
)
def test_a_target_leaves_so_long_in_a_year(target: float, seconds: float) -> None:
    assert sums.allowed_s(target, YEAR_S) == pytest.approx(seconds, rel=0.002)


@pytest.mark.parametrize(
    ("share", "nines"),
    [(90.0, 1.0), (99.0, 2.0), (99.95, 3.301), (99.999, 5.0), (0.0, 0.0), (100.0, None)],
)
def test_nines(share: float, nines: float | None) -> None:
    assert sums.nines(share) == (None if nines is None else pytest.approx(nines, abs=0.001))


def test_an_account_adds_up() -> None:
    outages = [Down(30.0, True), Down(10.0, False), Down(20.0, False)]
    account = sums.account(1000.0, 100.0, outages, 99.0)
    assert (account.up_s, account.down_s, account.known_s) == (840.0, 60.0, 900.0)
    assert (account.failures, account.moves) == (2, 1)
    assert (account.mttr_s, account.mtbf_s) == (15.0, 420.0)
    assert account.share == pytest.approx(100 * 840 / 900)
    assert account.share_unplanned == pytest.approx(100 * 870 / 900)
    assert (account.allowed_s, account.left_s) == (10.0, -50.0)


def test_what_is_unknown_is_neither_up_nor_down() -> None:
    account = sums.account(1000.0, 1000.0, [], 99.0)
    assert account.share is None
    assert (account.up_s, account.mttr_s, account.mtbf_s) == (0.0, None, None)


def test_one_more_failover_a_month_costs_its_length_each_month() -> None:
    account = sums.account(YEAR_S, 0.0, [], 99.99)
    more_s, share, left_s = sums.one_more(account, 10.0)
    assert more_s == pytest.approx(120.0)
    assert share == pytest.approx(100 - 100 * 120 / YEAR_S)
    assert left_s == pytest.approx(sums.allowed_s(99.99, YEAR_S) - 120)


@given(
    st.floats(1, 1e9),
    st.floats(0, 1),
    st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), max_size=9),
    st.floats(1, 99.99999),
)
def test_shares_stay_between_0_and_100(
    period_s: float, unknown: float, outages: list[tuple[float, bool]], target: float
) -> None:
    downs = [Down(*each) for each in outages]
    account = sums.account(period_s, period_s * unknown, downs, target)
    assert account.share is None or 0 <= account.share <= 100
    assert account.up_s + account.down_s == pytest.approx(account.known_s)
    more_s, share, _left_s = sums.one_more(account, 5.0)
    assert more_s >= 0 and 0 <= share <= 100


@pytest.mark.parametrize("values", [[], [3.0], [1.0, 9.0], [5.0, 1.0, 3.0]])
def test_the_median(values: list[float]) -> None:
    expected = {0: None, 1: 3.0, 2: 5.0, 3: 3.0}
    assert sums.middle(values) == expected[len(values)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _for_people(seconds: float) -> str:
    for size, unit in ((DAY_S, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def test_the_tables_of_the_page_are_this_arithmetic() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for target in sums.TARGETS:
        periods = (YEAR_S, 90 * DAY_S, sums.MONTH_S)
        cells = [_for_people(sums.allowed_s(target, period_s)) for period_s in periods]
        assert _row([f"{target:g} %", *cells]) in text
        counts = [str(sums.fitting(target, length)) for length in (5.0, 15.0, 60.0, 300.0)]
        assert _row([f"{target:g} %", *counts]) in text
