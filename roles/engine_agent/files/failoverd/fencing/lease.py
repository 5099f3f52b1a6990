# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog lease as an exclusion method. The core decides it by time; nothing is ordered.

Its check tells whether the watchdog of this node works, because the peer relies on it.
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
        """ON while the watchdog of this node runs; an order is UNKNOWN."""
        why = "there is no watchdog" if self._watchdog is None else self._watchdog.why
        if ask is not Ask.STATUS:
            return Power.UNKNOWN, "a lease takes no orders"
        return (Power.UNKNOWN, why) if why else (Power.ON, "the watchdog is petted")

    async def check(self) -> tuple[Power, str]:
        """The same as for the core."""
        return await self.perform(Ask.STATUS)

    def warm(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """The watchdog belongs to the daemon."""
