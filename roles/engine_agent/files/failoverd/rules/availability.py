# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of availability: shares, nines, budgets, mean times. All times in seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DAY_S = 86400.0
YEAR_S = 365.25 * DAY_S
MONTH_S = YEAR_S / 12
TARGETS = (99.0, 99.9, 99.95, 99.99, 99.999, 99.9999, 99.99999)


@dataclass(frozen=True)
class Down:
    """One time without service."""

    seconds: float
    planned: bool


@dataclass(frozen=True)
class Account:
    """Of one service and one period. A share is in percent; None where nothing can be divided."""

    period_s: float
    unknown_s: float
    up_s: float
    planned_s: float
    unplanned_s: float
    failures: int
    """Unplanned outages."""
    moves: int
    """Planned outages."""
    target: float

    @property
    def down_s(self) -> float:
        """Without service, planned or not."""
        return self.planned_s + self.unplanned_s

    @property
    def known_s(self) -> float:
        """Of which it is known whether it was up."""
        return self.up_s + self.down_s

    @property
    def share(self) -> float | None:
        """Availability over the time that is known."""
        return 100.0 * (self.up_s / self.known_s) if self.known_s > 0 else None

    @property
    def share_unplanned(self) -> float | None:
        """The same, with planned outages counted as up."""
        up_s = min(self.up_s + self.planned_s, self.known_s)
        return 100.0 * (up_s / self.known_s) if self.known_s > 0 else None

    @property
    def mttr_s(self) -> float | None:
        """Mean time to repair: of the unplanned outages."""
        return self.unplanned_s / self.failures if self.failures else None

    @property
    def mtbf_s(self) -> float | None:
        """Mean time between failures: time up for each unplanned outage."""
        return self.up_s / self.failures if self.failures else None

    @property
    def allowed_s(self) -> float:
        """Time without service that the target allows in the whole period."""
        return allowed_s(self.target, self.period_s)

    @property
    def left_s(self) -> float:
        """What of it is left; below zero if it is overdrawn."""
        return self.allowed_s - self.down_s


def account(period_s: float, unknown_s: float, outages: Iterable[Down], target: float) -> Account:
    """Add it up. What is not unknown and no outage was up."""
    all_of = list(outages)
    planned = [outage.seconds for outage in all_of if outage.planned]
    unplanned = [outage.seconds for outage in all_of if not outage.planned]
    up_s = max(0.0, period_s - unknown_s - sum(planned) - sum(unplanned))
    return Account(
        period_s,
        unknown_s,
        up_s,
        sum(planned),
        sum(unplanned),
        len(unplanned),
        len(planned),
        target,
    )


def allowed_s(target: float, period_s: float) -> float:
    """Seconds without service that a target in percent allows in a period."""
    return period_s * (100.0 - target) / 100.0


def nines(share: float | None) -> float | None:
    """99 is 2, 99.9 is 3, 99.95 is 3.3; None for no outage at all, or if the share is unknown."""
    if share is None or share >= 100.0:
        return None
    return -math.log10(1.0 - share / 100.0) if share > 0 else 0.0


def one_more(account: Account, failover_s: float) -> tuple[float, float, float]:
    """What one more failover a month would cost, each of failover_s seconds.

    Returns the seconds in the period, the share of availability with them, and what would be left
    of the budget.
    """
    more_s = failover_s * account.period_s / MONTH_S
    known_s = account.known_s
    # Of the time that is known, as for the share without them.
    part_s = more_s * known_s / account.period_s if account.period_s else 0.0
    share = 100.0 * max(0.0, account.up_s - part_s) / known_s if known_s > 0 else 0.0
    return more_s, share, account.left_s - more_s


def fitting(target: float, failover_s: float, period_s: float = YEAR_S) -> int:
    """How many failovers of that length a target allows in a period."""
    # A rounding error must not cost one.
    return int(allowed_s(target, period_s) / failover_s + 1e-9)


def middle(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
