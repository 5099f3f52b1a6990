# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How much of a failover is in doubt."""

    OK = "ok"
    WARNING = "warning"
    """It would succeed, but something needs a person."""
    CRITICAL = "critical"
    """It would not succeed."""
    UNKNOWN = "unknown"

    @property
    def exit_status(self) -> int:
        """As monitoring plugins have it."""
        return (Level.OK, Level.WARNING, Level.CRITICAL, Level.UNKNOWN).index(self)


BY_WEIGHT = (Level.OK, Level.WARNING, Level.UNKNOWN, Level.CRITICAL)


@dataclass(frozen=True)
class Item:
    """One thing that was judged."""

    what: str
    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Verdict:
    """The answer for one service."""

    service: str
    level: Level
    items: tuple[Item, ...]
    seconds: tuple[float, float] | None = None
    """Least and most time from the last sign of life to a service that runs, None if unknown."""

    @property
    def reason(self) -> str:
        """The first of the worst items, empty if all is well."""
        if self.level is Level.OK:
            return ""
        return next(f"{i.what}: {i.text}" for i in self.items if i.level is self.level)


def worst(levels: Iterable[Level]) -> Level:
    """The heaviest; OK of none."""
    return max(levels, key=BY_WEIGHT.index, default=Level.OK)
