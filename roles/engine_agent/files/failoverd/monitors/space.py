# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches the room on the file systems of the running services (F45)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from failoverd.core.events import Event, SpaceUsed
from failoverd.journal.chronicle import Chronicle
from failoverd.resources import reserve
from failoverd.resources.service import Service
from failoverd.system.aside import aside
from failoverd.system.pacing import Rest


@dataclass(frozen=True)
class Survey:
    """A look at one file system. kept, taken: bytes of the reserve, now and by this look."""

    stat: os.statvfs_result
    kept: int
    taken: int


def survey(path: str) -> Survey:
    """Look, and restore the reserve if there is room for it. Blocks. Raises OSError."""
    taken = 0
    with contextlib.suppress(OSError):  # read-only, or full by now
        taken = reserve.keep(path)
    return Survey(os.statvfs(path), reserve.kept(path), taken)


def percent_used(stat: os.statvfs_result) -> int:
    """Used percentage as in df, rounded up: of blocks or inodes, whichever is higher."""
    blocks = _share(stat.f_blocks - stat.f_bfree, stat.f_bavail)
    return max(blocks, _share(stat.f_files - stat.f_ffree, stat.f_favail))


def room(stat: os.statvfs_result) -> int:
    """Bytes that may still be written, as a power of two, so that it seldom changes.

    0 if no file can be made. A file system without a fixed number of inodes reports 0 for all its
    counts of inodes.
    """
    if stat.f_files and not stat.f_favail:
        return 0
    free = stat.f_bavail * stat.f_frsize
    return 1 << free.bit_length() - 1 if free else 0


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
        self._asked: dict[str, asyncio.Future[Survey]] = {}
        self._posted: dict[str, SpaceUsed] = {}
        self._room: dict[str, int] = {}
        """About how many bytes may still be written, by path."""
        self.used: dict[str, int] = {}
        """Used percentage by path of the file systems of running services."""
        self.bare: set[str] = set()
        """Paths whose file system has no reserve and no room to make one (F91)."""
        self.silent: set[str] = set()
        """Paths whose file system did not answer."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await self._rest(self._interval_s)

    async def look(self) -> None:
        """Ask all mounted file systems; wait no longer than one interval for the answers."""
        paths = {service: service.mounted for service in self._services}
        for path in {path for found in paths.values() for path in found}:
            if path not in self._asked:
                self._asked[path] = aside(survey, path)
        if self._asked:
            await asyncio.wait(self._asked.values(), timeout=self._interval_s)
        for path, future in list(self._asked.items()):
            self._take(path, future)
        for service, found in paths.items():
            self._tell(service.settings.name, [path for path in found if path in self.used])
        mounted = {path for found in paths.values() for path in found}
        self.used = {path: value for path, value in self.used.items() if path in mounted}
        self.bare &= mounted

    def _take(self, path: str, future: asyncio.Future[Survey]) -> None:
        if not future.done():
            # Do not ask again: at most one thread hangs for each path.
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
            self._judge(path, future.result())

    def _judge(self, path: str, found: Survey) -> None:
        self.used[path] = percent_used(found.stat)
        self._room[path] = room(found.stat)
        if found.taken:
            text = f"{path}: {found.taken >> 20} MiB are kept in reserve for a start on a full disk"
            self._history.add("reserve-kept", text)
        if reserve.size_for(found.stat) and not found.kept:
            self.bare.add(path)
        else:
            self.bare.discard(path)

    def _tell(self, service: str, paths: list[str]) -> None:
        """Post changes only: each event is written into the journal."""
        if not paths:
            self._posted.pop(service, None)
            return
        least = min(paths, key=lambda path: self._room[path])
        percent = max(self.used[path] for path in paths)
        event = SpaceUsed(service, percent, self._room[least], least)
        if self._posted.get(service) != event:
            self._posted[service] = event
            self._post(event)
