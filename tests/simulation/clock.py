# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated time: a queue of things to happen, all randomness from one seed."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable


class Violation(AssertionError):
    """The contract was broken in the simulated world."""


class Clock:
    """The world's own time in seconds; nothing happens but what was put into the queue."""

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.random = random.Random(seed)
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.story: list[str] = []

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Let something happen later."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + seconds, self._count, what))

    def run(self, until: float, check: Callable[[], None]) -> None:
        """Let everything happen up to that time, in order; check after each."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _order, what = heapq.heappop(self._queue)
            what()
            check()
        self.now = until

    def tell(self, text: str) -> None:
        """Add a line to the story that a failing seed prints."""
        self.story.append(f"{self.now:9.3f}  {text}")

    def between(self, low: float, high: float) -> float:
        """A random duration."""
        return self.random.uniform(low, high)

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self.random.random() < probability
