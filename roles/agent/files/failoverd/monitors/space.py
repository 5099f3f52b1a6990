# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full the file systems of the running services are (F45)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable

from failoverd.core.events import Event, SpaceUsed
from failoverd.rhythm import Rest
from failoverd.service import Chronicle, Service

from .aside import aside


def percent_used(stat: os.statvfs_result) -> int:
    """Percentage used as df shows it, rounded up: of the blocks or of the inodes, the worse."""
    blocks = _share(stat.f_blocks - stat.f_bfree, stat.f_bavail)
    return max(blocks, _share(stat.f_files - stat.f_ffree, stat.f_favail))


def _share(used: int, free: int) -> int:
    return -(-100 * used // (used + free)) if used > 0 else 0


class Space:
    """Asks the kernel on threads: a file system on a dead disk may not answer."""

    def __init__(
        self,
        services: Iterable[Service],
        interval_s: float,
        post: Callable[[Event], None],
        history: Chronicle,
        rest: Rest = asyncio.sleep,
    ) -> None:
        self._services = list(services)
        self._rest = rest
        self._interval_s = interval_s
        self._post = post
        self._history = history
        self._asked: dict[str, asyncio.Future[os.statvfs_result]] = {}
        self._posted: dict[str, int] = {}
        self.used: dict[str, int] = {}
        """Percent by path of what is mounted here by a running service."""
        self.silent: set[str] = set()
        """Paths whose file system did not answer."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await self._rest(self._interval_s)

    async def look(self) -> None:
        """Ask all that are mounted; wait no longer than one interval for their answers."""
        paths = {service: service.mounted for service in self._services}
        for path in {path for found in paths.values() for path in found}:
            if path not in self._asked:
                self._asked[path] = aside(os.statvfs, path)
        if self._asked:
            await asyncio.wait(self._asked.values(), timeout=self._interval_s)
        for path, future in list(self._asked.items()):
            self._take(path, future)
        for service, found in paths.items():
            self._tell(
                service.settings.name, [self.used[path] for path in found if path in self.used]
            )
        mounted = {path for found in paths.values() for path in found}
        self.used = {path: value for path, value in self.used.items() if path in mounted}

    def _take(self, path: str, future: asyncio.Future[os.statvfs_result]) -> None:
        if not future.done():
            # Not asked again: one thread hangs for each path and no more.
            self.used.pop(path, None)
            if path not in self.silent:
                self.silent.add(path)
                self._history.add("file-system-hangs", f"{path} does not answer", alert=True)
            return
        del self._asked[path]
        if path in self.silent:
            self.silent.discard(path)
            self._history.add("file-system-answers", f"{path} answers again")
        if future.exception() is not None:
            self.used.pop(path, None)
        else:
            self.used[path] = percent_used(future.result())

    def _tell(self, service: str, percents: list[int]) -> None:
        """Only what has changed: each event is written into the journal."""
        if not percents:
            self._posted.pop(service, None)
        elif self._posted.get(service) != max(percents):
            self._posted[service] = max(percents)
            self._post(SpaceUsed(service, max(percents)))
