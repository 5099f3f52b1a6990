# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a running resource is, and how it is configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

INTERVAL_S = 2.0
DEADLINE_S = 3.0
CONFIRMATIONS = 2


class CheckFailed(Exception):
    """The resource does not serve; str() says what was asked and what came of it."""


class NoAnswer(CheckFailed):
    """It does not even say no: it hangs, or it was stopped."""


class CheckUnable(Exception):
    """The question itself is wrong, say a password is asked for: shown, but never a failure."""


class Check(Protocol):
    """One way of asking a running resource whether it serves."""

    async def check(self) -> None:
        """Return if it serves; raises CheckFailed, CheckUnable or OSError. May be cancelled."""

    def close(self) -> None:
        """Give up what is kept between two checks."""


@dataclass(frozen=True)
class CheckSettings:
    """One check as configured; options is what the type's own parse() made of its fields."""

    name: str
    type: str
    interval_s: float = INTERVAL_S
    """From the end of one check to the begin of the next."""
    deadline_s: float = DEADLINE_S
    """How long one check may take."""
    confirmations: int = CONFIRMATIONS
    """So many checks in a row have to fail before that counts (F52)."""
    options: Any = None
