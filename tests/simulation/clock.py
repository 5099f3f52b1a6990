# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated time: a queue of things to happen, and all randomness from one seed."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable


class Violation(AssertionError):
    """The contract was broken in the simulated world. The text begins with the invariant."""

    def __init__(self, invariant: str, text: str) -> None:
        super().__init__(f"{invariant}: {text}")
        self.invariant = invariant


class Clock:
    """The world's own time in seconds; nothing happens but what was put into the queue."""

    def __init__(self, seed: int, telling: bool = False) -> None:
        self.now = 0.0
        self.random = random.Random(seed)
        self.draw = self.random.random
        self.telling = telling
        self.story: list[str] = []
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Let something happen later."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + seconds, self._count, what))

    def run(self, until: float, stop: Callable[[], bool] | None = None) -> bool:
        """Let everything happen up to that time, in order. True if stop() ended it early."""
        queue, pop = self._queue, heapq.heappop
        while queue and queue[0][0] <= until:
            self.now, _order, what = pop(queue)
            what()
            if stop is not None and stop():
                return True
        self.now = until
        return False

    def tell(self, text: str) -> None:
        """Add a line to the story that a failing seed prints."""
        if self.telling:
            self.story.append(f"{self.now:9.3f}  {text}")

    def between(self, low: float, high: float) -> float:
        """A random duration."""
        return low + (high - low) * self.draw()

    def chance(self, probability: float) -> bool:
        """True that often."""
        return probability > 0.0 and self.draw() < probability
