# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that wait for an answer of the core."""

from __future__ import annotations

import asyncio
from typing import Any

Answer = dict[str, Any]


class Pending:
    """Numbers the requests, and hands each answer to the request that waits for it."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._last = 0

    def open(self) -> tuple[int, asyncio.Future[Answer]]:
        """A new number, and the future that its answer will settle."""
        self._last += 1
        future = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = future
        return self._last, future

    def drop(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        self._waiting.pop(number, None)

    def answer(self, number: int, answer: Answer) -> None:
        """Settle the request; an answer that nobody waits for is dropped."""
        future = self._waiting.pop(number, None)
        if future is not None and not future.done():
            future.set_result(answer)
