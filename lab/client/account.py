# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what the client saw acknowledged with what the table holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Account:
    """The totals of one run: numbers of rows, unless stated otherwise."""

    acknowledged: int
    unknown: int
    refused: int
    in_table: int
    lost: tuple[int, ...]
    """Numbers that were acknowledged and are missing: must be empty."""
    unknown_kept: int
    """Of the unknown ones, those that are in the table."""
    duplicated: tuple[int, ...]
    """Numbers that are in the table more than once."""
    out_of_order: tuple[int, ...]
    """Numbers that were inserted after a larger one."""
    appeared: tuple[int, ...]
    """Numbers in the table that were refused or of which the client has no record."""

    @property
    def clean(self) -> bool:
        """True if no row was lost, doubled, out of order or invented."""
        return not (self.lost or self.duplicated or self.out_of_order or self.appeared)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; long lists of numbers are cut to the first hundred."""
        values = asdict(self)
        return {k: list(v[:100]) if isinstance(v, tuple) else v for k, v in values.items()}


def outcomes(records: Iterable[dict[str, Any]]) -> dict[int, str]:
    """The outcome of each row number."""
    return {r["number"]: r["outcome"] for r in records if r["kind"] == "row"}


def settle(rows: dict[int, str], table: Sequence[int]) -> Account:
    """Compare outcomes with the table's numbers, given in the order of their insertion.

    The last row of a killed client has no record, but may be in the table. Only the
    number that follows the last recorded one can be such a row.
    """
    acknowledged = {number for number, outcome in rows.items() if outcome == "ack"}
    unknown = {number for number, outcome in rows.items() if outcome == "unknown"}
    unrecorded = {max(rows, default=0) + 1}
    count = Counter(table)
    present = set(count)
    late, highest = [], 0
    for number in table:
        if number < highest:
            late.append(number)
        highest = max(highest, number)
    return Account(
        acknowledged=len(acknowledged),
        unknown=len(unknown),
        refused=sum(outcome == "refused" for outcome in rows.values()),
        in_table=len(present),
        lost=tuple(sorted(acknowledged - present)),
        unknown_kept=len(unknown & present),
        duplicated=tuple(sorted(n for n, times in count.items() if times > 1)),
        out_of_order=tuple(late),
        appeared=tuple(sorted(present - acknowledged - unknown - unrecorded)),
    )
