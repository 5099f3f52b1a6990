# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells by a signal of systemd when the last process of a scope has ended (F50)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from failoverd.system.systemd import Systemd

EMPTY_STATES = ("inactive", "failed")
RETRY_S = 1.0
"""Pause between two tries to subscribe while the bus is away."""


class ScopeWatch:
    """One scope, which is made and removed under the same name."""

    def __init__(self, systemd: Systemd, unit: str) -> None:
        self._systemd = systemd
        self._unit = unit
        self._emptied: Callable[[], Awaitable[None]] | None = None
        self._subscriber: asyncio.Task[None] | None = None
        self._teller: asyncio.Task[None] | None = None

    def begin(self, emptied: Callable[[], Awaitable[None]]) -> None:
        """From now on run emptied() when the scope has become empty, one call at a time."""
        self._emptied = emptied
        if self._subscriber is None:
            self._subscriber = asyncio.get_running_loop().create_task(self._subscribe())

    def end(self) -> None:
        """The scope changes by order from now on; cancel emptied() if it runs."""
        self._emptied = None
        if self._teller is not None:
            self._teller.cancel()
            self._teller = None

    async def _subscribe(self) -> None:
        while True:
            try:
                await self._systemd.watch(self._unit, self._changed)
                return
            except Exception:  # also if this daemon lacks the means for a moment (F75)
                await asyncio.sleep(RETRY_S)

    def _changed(self, properties: dict[str, Any]) -> None:
        if properties.get("ActiveState") not in EMPTY_STATES or self._emptied is None:
            return
        if self._teller is None or self._teller.done():
            self._teller = asyncio.ensure_future(self._emptied())

    def close(self) -> None:
        """Stop listening."""
        self.end()
        if self._subscriber is not None:
            self._subscriber.cancel()
