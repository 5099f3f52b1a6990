# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds file systems that turn read-only, vanish or have errors (F44): by event and by looking."""

from __future__ import annotations

import asyncio
import contextlib
import io
import select
from collections.abc import Iterable, Sequence
from pathlib import Path

from failoverd.journal.chronicle import Chronicle
from failoverd.resources.filesystem import Filesystem
from failoverd.resources.service import Service
from failoverd.system import kernel, mounts
from failoverd.system.pacing import Rest

SYSTEM = Path("/sys")
LOOK_S = 2.0
AGAIN_S = 10.0
"""An error that lasts is reported again, but not at each look."""


def wrong(table: Sequence[mounts.Mount], path: str, options: str) -> str:
    """The error of the mount at a path that should have these options; empty if there is none."""
    here = None
    for entry in table:
        if entry.path == path:
            here = entry
    if here is None:
        return "is not mounted any more"
    if "shutdown" in here.options:
        return "was shut down by the kernel after an error"
    meant = mounts.split_options(options)[0] & mounts.READ_ONLY
    if here.options & {"ro", "emergency_ro"} and not meant:
        return "has become read-only"
    return ""


def _open() -> io.FileIO:
    return Path(mounts.MOUNTINFO).open("rb", buffering=0)


class MountWatch:
    """Waits for the events of mountinfo, and looks every LOOK_S as well.

    An ext4 that turns read-only after an error makes no event.
    """

    def __init__(
        self,
        services: Iterable[Service],
        history: Chronicle,
        look_s: float = LOOK_S,
        rest: Rest = asyncio.sleep,
    ) -> None:
        self._services = list(services)
        self._rest = rest
        self._history = history
        self._look_s = look_s
        self._text = b""
        self._mounts: list[mounts.Mount] = []
        self._counters: dict[tuple[int, int], str] = {}
        """The file of the kernel that counts the errors of an ext4 file system, by device."""
        self._errors: dict[str, int] = {}
        """Errors of ext4 file systems by path, as the kernel counts them."""
        self._told: dict[tuple[str, str], tuple[str, float]] = {}

    async def run(self) -> None:
        """Watch for ever."""
        loop = asyncio.get_running_loop()
        with contextlib.closing(_open()) as table, select.epoll() as epoll:
            # Not EPOLLIN: the file is always readable.
            epoll.register(table, select.EPOLLPRI)

            def woken() -> None:
                """Poll it, because this clears the event."""
                epoll.poll(0)
                self.look()

            loop.add_reader(epoll.fileno(), woken)
            try:
                while True:
                    self.look()
                    await self._rest(self._look_s)
            finally:
                loop.remove_reader(epoll.fileno())

    def look(self) -> None:
        """Compare the mounts with the expected ones."""
        with contextlib.suppress(OSError, ValueError, LookupError):
            table = self._mounted()
            for service in self._services:
                for resource in service.up(Filesystem):
                    self._judge(service, resource, table)
                    self._count(resource.settings.options.path, table)

    def _mounted(self) -> list[mounts.Mount]:
        """The mounts; parsed again only after a change."""
        text = kernel.read(mounts.MOUNTINFO)
        if text != self._text:
            self._mounts = mounts.mounted(text.decode("utf-8", "surrogateescape"))
            self._text = text
        return self._mounts

    def _judge(self, service: Service, resource: Filesystem, table: list[mounts.Mount]) -> None:
        name = resource.settings.name
        options = resource.settings.options
        reason = wrong(table, options.path, options.options)
        key = (service.settings.name, name)
        now = asyncio.get_running_loop().time()
        if not reason:
            self._told.pop(key, None)
            return
        told, at = self._told.get(key, ("", 0.0))
        if told != reason or now >= at + AGAIN_S:
            self._told[key] = (reason, now)
            service.broken(name, reason)

    def _count(self, path: str, table: list[mounts.Mount]) -> None:
        """Report errors that an ext4 has recorded since the last look."""
        for entry in table:
            if entry.path != path or entry.fstype != "ext4":
                continue
            if entry.device not in self._counters:
                name = (SYSTEM / f"dev/block/{entry.device[0]}:{entry.device[1]}").resolve().name
                self._counters[entry.device] = str(SYSTEM / f"fs/ext4/{name}/errors_count")
            errors = int(kernel.read(self._counters[entry.device]))
            if errors > self._errors.get(path, 0):
                text = f"{path}: {errors} errors are recorded in the file system: have it checked"
                self._history.add("file-system-errors", text, alert=True)
            self._errors[path] = errors
