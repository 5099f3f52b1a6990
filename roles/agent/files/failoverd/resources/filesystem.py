# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system on the service's disk, mounted where the service runs."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failoverd.schema import Section

from . import mounts, users
from .base import ResourceError, Situation, State
from .settings import ResourceSettings

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
ROUNDS = 5


@dataclass(frozen=True)
class Options:
    """What is mounted where."""

    device: str
    path: str
    fstype: str
    options: str


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read device, path, type and mount options."""
    return Options(
        device=entry.per_node("device", nodes)[node],
        path=entry.path("path").rstrip("/"),
        fstype=entry.name("fstype"),
        options=entry.text("options", "noatime"),
    )


def build(settings: ResourceSettings, host: Any) -> Filesystem:
    """Make the resource; host.alert tells whose processes were ended."""
    return Filesystem(settings, host.alert)


class Filesystem:
    """Mounted by mount(2), which replays the journal; a damaged one stays down (F46)."""

    def __init__(self, settings: ResourceSettings, alert: Callable[[str, str], None]) -> None:
        self.settings = settings
        self._options: Options = settings.options
        self._alert = alert
        # A system call in a thread cannot be cancelled: the next one has to wait for it (F53).
        self._busy = asyncio.Lock()

    def __str__(self) -> str:
        return self._options.path

    async def prepare(self, situation: Situation) -> None:
        """Nothing can be done before the disk is there."""

    async def probe(self) -> State:
        """Compare what is mounted at the path with the device that belongs there."""
        here = self._here()
        if here is None:
            return State.DOWN
        return State.UP if here.device == self._device(optional=True) else State.UNKNOWN

    def _here(self) -> mounts.Mount | None:
        found = None
        for entry in mounts.mounted():
            if entry.path == self._options.path:
                found = entry
        return found

    def _device(self, *, optional: bool = False) -> tuple[int, int] | None:
        try:
            status = Path(self._options.device).stat()
        except OSError as error:
            if optional:
                return None
            raise ResourceError(f"{self}: {self._options.device}: {error.strerror}") from None
        if not stat.S_ISBLK(status.st_mode):
            raise ResourceError(f"{self}: {self._options.device} is not a block device")
        return os.major(status.st_rdev), os.minor(status.st_rdev)

    async def start(self, situation: Situation) -> None:
        """Mount, unless it is mounted there already."""
        options = self._options
        async with self._busy:
            device = self._device()
            for entry in mounts.mounted():
                if entry.path == options.path:
                    if entry.device == device:
                        return
                    raise ResourceError(f"{self}: another device is mounted there")
                if entry.device == device:
                    raise ResourceError(f"{self}: {options.device} is mounted at {entry.path}")
            try:
                await _thread(
                    mounts.mount, options.device, options.path, options.fstype, options.options
                )
            except OSError as error:
                raise ResourceError(
                    f"{self}: cannot mount {options.device}: {error.strerror}{_hint(error)}"
                ) from None

    async def stop(self) -> None:
        """Unmount; users of this mount, and nobody else's, are ended if it is busy (F54)."""
        async with self._busy:
            for _round in range(ROUNDS):
                here = self._here()
                if here is None:
                    return
                for entry in reversed(mounts.mounted()):
                    if entry.path.startswith(self._options.path + "/"):
                        await self._unmount(entry.path, here.device)
                await self._unmount(self._options.path, here.device)
            if self._here() is not None:
                raise ResourceError(f"{self}: is still in use")

    async def _unmount(self, path: str, device: tuple[int, int]) -> None:
        try:
            await _thread(mounts.unmount, path)
        except OSError as error:
            if error.errno == errno.EBUSY:
                ended = await _thread(users.end, device)
                if ended:
                    self._alert("users-ended", f"{self}: was in use by {', '.join(ended)}: ended")
                else:
                    await asyncio.sleep(0.2)
            elif error.errno != errno.EINVAL:
                raise ResourceError(f"{path}: cannot be unmounted: {error.strerror}") from None

    def watch(self, failed: Callable[[str], None]) -> None:
        """The monitor of the mounts watches, since it needs one descriptor for all."""

    def close(self) -> None:
        """Nothing to free."""


async def _thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a blocking call; when cancelled, wait for its end all the same."""
    call = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        await asyncio.wait([call])
        raise


def _hint(error: OSError) -> str:
    if error.errno in (errno.EUCLEAN, errno.EIO, errno.EBADMSG):
        return "; the file system is damaged and is never repaired by force: check it by hand"
    if error.errno == errno.EINVAL:
        return "; wrong type, options, or a damaged file system: see the kernel's log"
    return ""
