# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches the replicated disks: brings them up and tells the core of every change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

from failoverd.core.events import Disk, DiskChanged, Event
from failoverd.journal.chronicle import Chronicle
from failoverd.system import trouble
from failoverd.system.pacing import Rest
from failoverd.system.upkeep import Work

from .base import ResourceError
from .drbd import Drbd

BRING_UP_RETRY_S = 5.0


class DrbdWatcher:
    """Two tasks per replicated service. Reading the state of DRBD 8.4 starts no process."""

    def __init__(
        self,
        disks: dict[str, Drbd],
        period_s: float,
        post: Callable[[Event], None],
        history: Chronicle,
        rest: Rest = asyncio.sleep,
    ) -> None:
        self._rest = rest
        self._disks = disks
        self._period_s = period_s
        self._post = post
        self._history = history
        self._looking = {service: asyncio.Lock() for service in disks}
        self.last: dict[str, Disk] = {}
        self.problems: dict[str, str] = {}

    def tasks(self) -> Iterator[tuple[str, Work]]:
        """The long tasks."""
        for service, disk in self._disks.items():
            yield f"the watcher of the disk of {service}", partial(self._watch, service)
            yield (
                f"what brings up the disk of {service}",
                partial(self._bring_up, service, disk),
            )

    async def _watch(self, service: str) -> None:
        while True:
            await self.look(service)
            await self._rest(self._period_s)

    async def look(self, service: str, *, always: bool = False) -> None:
        """Post the state if it differs from the last posted one, or always.

        One look at a time, so that a slow answer is never posted after a newer one.
        """
        async with self._looking[service]:
            try:
                disk = await self._disks[service].disk()
            except ResourceError as error:
                # F75: if the kernel could not be asked, the last state still counts.
                before = self.last.get(service) if trouble.own(error) else None
                disk = before or Disk()
            if always or disk != self.last.get(service):
                self.last[service] = disk
                self._post(DiskChanged(service, disk))

    async def _bring_up(self, service: str, drbd: Drbd) -> None:
        """Bring it up, for ever. The unit of DRBD is disabled, so that only the daemon decides."""
        while True:
            try:
                await drbd.bring_up()
                self.problems.pop(service, None)
            except ResourceError as error:
                if self.problems.get(service) != str(error):
                    self.problems[service] = str(error)
                    self._history.add("drbd-down", str(error), alert=True, service=service)
            await self._rest(BRING_UP_RETRY_S)
