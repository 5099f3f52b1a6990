# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict from several observations: a single one proves nothing (F20, F52)."""

from __future__ import annotations


class Confirm:
    """Bad after so many bad observations in a row, good again after so many good ones.

    The very first good observation counts at once.
    """

    def __init__(self, losses: int, gains: int = 2) -> None:
        self._losses = losses
        self._gains = gains
        self._against = 0
        self.verdict: bool | None = None
        """True is good, None while there is none yet."""

    def see(self, good: bool, *, sure: bool = False) -> bool:
        """Take in one observation; returns True if it changed the verdict.

        sure: a bad one needs no second one.
        """
        if good is self.verdict:
            self._against = 0
            return False
        needed = 1 if sure else self._losses
        if good:
            needed = 1 if self.verdict is None else self._gains
        self._against += 1
        if self._against < needed:
            return False
        self.verdict, self._against = good, 0
        return True
