# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface and the settings of a check of a running resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

INTERVAL_S = 2.0
DEADLINE_S = 3.0
CONFIRMATIONS = 2


class CheckFailed(Exception):
    """The resource does not serve; str() tells the question and the answer."""


class NoAnswer(CheckFailed):
    """There is no answer at all: it hangs, or it was stopped."""


class CheckUnable(Exception):
    """The question is wrong, for example a password is missing: shown, but never a failure."""


class Check(Protocol):
    """One way to ask a running resource whether it serves."""

    async def check(self) -> None:
        """Return if it serves; raises CheckFailed, CheckUnable or OSError. May be cancelled."""

    def close(self) -> None:
        """Close what is kept between two checks."""


@dataclass(frozen=True)
class CheckSettings:
    """One check. options: the result of parse() of its type."""

    name: str
    type: str
    interval_s: float = INTERVAL_S
    """From the end of one check to the beginning of the next."""
    deadline_s: float = DEADLINE_S
    """Longest time of one check."""
    confirmations: int = CONFIRMATIONS
    """So many checks in a row have to fail before it counts (F52)."""
    options: Any = None
