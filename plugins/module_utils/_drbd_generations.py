# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the generation identifiers of two copies of DRBD 8.4 say about their common history.

A copy gets a new current identifier when it is written without the other copy. The one before
becomes its bitmap identifier: from there on it marks what it writes. Older ones follow.
"""

from __future__ import annotations

from collections.abc import Sequence

EQUAL, OLDER, NEWER = "equal", "older", "newer"
DIVERGED, UNRELATED = "diverged", "unrelated"
NEVER_USED = 4
"""The current identifier of metadata that were just created."""


def relation(mine: Sequence[str], other: Sequence[str]) -> str:
    """Return what the first copy is, compared with the second one.

    The lowest bit of an identifier tells the role, and no generation. DRBD decides in this order.
    """
    (current, bitmap, *old), (theirs, marked, *past) = _numbers(mine), _numbers(other)
    if current == theirs:
        return EQUAL
    if NEVER_USED in (current, theirs):
        return OLDER if current == NEVER_USED else NEWER
    if current == marked or current in past:
        return OLDER
    if theirs == bitmap or theirs in old:
        return NEWER
    if common(mine, other):
        return DIVERGED
    return UNRELATED


def common(mine: Sequence[str], other: Sequence[str]) -> str:
    """Return the youngest generation that both copies have had, "" if there is none."""
    theirs = set(_numbers(other)) - {0}
    return next((f"{one:016X}" for one in _numbers(mine) if one in theirs), "")


def _numbers(generations: Sequence[str]) -> list[int]:
    return [int(one, 16) & ~1 for one in generations]
