# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many heartbeats each link brought, and how many it lost. The core does not use it."""

from __future__ import annotations

from collections import Counter


class Quality:
    """Counts by the numbers of the heartbeats: every link carries each of them."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, int]] = {}
        """The life of the peer and the last number, by link."""
        self._received: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()

    def heard(self, link: str, life: int, number: int) -> None:
        """Count a heartbeat, unless it came before or is of an earlier life.

        Of a new life of the peer, nothing before it is missed.
        """
        before, last = self._last.get(link, (0, 0))
        if (life, number) <= (before, last):
            return
        if life == before:
            self._missed[link] += number - last - 1
        self._last[link] = (life, number)
        self._received[link] += 1

    def report(self, link: str) -> dict[str, int]:
        """For the status: both counts of this life of the daemon."""
        return {"received": self._received[link], "missed": self._missed[link]}
