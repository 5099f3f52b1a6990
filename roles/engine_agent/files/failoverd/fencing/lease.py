# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog lease as an exclusion method: decided by the core by time, never ordered here.

What can be said of it is whether this node's own watchdog does its duty, on which the peer relies.
"""

from __future__ import annotations

from failoverd.core.actions import Ask
from failoverd.core.events import Power

from .watchdog import Watchdog


class OwnLease:
    """The part of the lease that can fail on this node."""

    def __init__(self, name: str, watchdog: Watchdog | None) -> None:
        self.name = name
        self._watchdog = watchdog

    async def perform(self, ask: Ask) -> tuple[Power, str]:
        """ON while the own watchdog runs; nothing can be ordered."""
        why = "there is no watchdog" if self._watchdog is None else self._watchdog.why
        if ask is not Ask.STATUS:
            return Power.UNKNOWN, "a lease cannot be ordered to do anything"
        return (Power.UNKNOWN, why) if why else (Power.ON, "the watchdog is petted")

    async def check(self) -> tuple[Power, str]:
        """As a question of the core."""
        return await self.perform(Ask.STATUS)

    def warm(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """The watchdog belongs to the daemon."""
