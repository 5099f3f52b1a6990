# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of one life of a daemon, its incarnation: a count, and bits that nobody can guess.

The count grows with each life, so that a late message of an earlier life is told apart (F18). The
bits are random, so that a life whose count was lost and comes again is not the same life (F19).
"""

from __future__ import annotations

RANDOM_BITS = 22
COUNT_BITS = 42
"""Enough for the milliseconds since 1970 up to the year 2109."""


def number(count: int, bits: int) -> int:
    """The incarnation with this count and these random bits."""
    return count << RANDOM_BITS | bits & (1 << RANDOM_BITS) - 1


def count(incarnation: int) -> int:
    """The count of an incarnation."""
    return incarnation >> RANDOM_BITS


def after(known: int, own: int) -> int | None:
    """A number greater than known, with the random bits of own; None if no number is left."""
    greater = count(known) + 1
    return number(greater, own) if greater < 1 << COUNT_BITS else None
