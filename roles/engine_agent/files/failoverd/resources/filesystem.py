# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system on the disk of the service, mounted where the service runs."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from time import sleep
from typing import Any

from failoverd.formats.schema import Section
from failoverd.system import mounts

from . import occupied, release, reserve
from .base import Needs, ResourceError, Situation, State
from .calls import Calls
from .multimount import Protection
from .part import Part
from .settings import ResourceSettings

PART = Part.DATA
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
ANSWER_SHARE = 0.9
"""Part of a time-out after which the error tells the reason instead of the time-out."""
LOOKS, LOOK_S = 5, 0.2
"""Number of looks at a disk that should be free, and the pause after each."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
"""Pause between two attempts to unmount."""


@dataclass(frozen=True)
class Options:
    """The mount."""

    device: str
    path: str
    fstype: str
    options: str
    waits_for: str = field(default="", compare=False)
    """The peer, if multi-mount protection makes a mount wait for its crash; else empty."""
    locked: bool = field(default=False, compare=False)
    """The lock of its service is held before it is mounted."""


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read device, path, type and mount options."""
    [peer] = [other for other in nodes if other != node] or [""]
    shared = entry.flag("multi_mount_protection", False)
    return Options(
        device=entry.per_node("device", nodes)[node],
        path=entry.path("path").rstrip("/"),
        fstype=entry.name("fstype"),
        options=entry.text("options", "noatime"),
        waits_for=peer if shared else "",
        locked=entry.flag("locked", False),
    )


def build(settings: ResourceSettings, host: Any) -> Filesystem:
    """Make the resource; host.alert reports processes that were ended."""
    return Filesystem(settings, host.alert)


class Filesystem:
    """Mounts by mount(2), which replays the journal; a damaged file system stays down (F46)."""

    def __init__(self, settings: ResourceSettings, alert: Callable[[str, str], None]) -> None:
        self.settings = settings
        self._options: Options = settings.options
        self._alert = alert
        self._calls = Calls(self._options.path)
        self._protection = Protection(self._options.device, self._options.waits_for)

    def __str__(self) -> str:
        return self._options.path

    async def prepare(self, situation: Situation) -> None:
        """See early whether multi-mount protection has anything to wait for."""
        if self._excluded(situation):
            await self._protection.watch(off=situation.peer_gone)

    def _excluded(self, situation: Situation) -> bool:
        """What the protection protects from is excluded otherwise by the time it is mounted."""
        options = self._options
        return bool(options.waits_for) and (situation.peer_gone or options.locked)

    async def observe(self) -> None:
        """The peer is not heard: look early at what it may have left."""
        if self._options.waits_for:
            await self._protection.observe()

    async def needs(self) -> Needs:
        """A kernel that knows the file system."""
        return Needs(module=self._options.fstype)

    async def probe(self) -> State:
        """Down only if the device is not mounted anywhere on this host (F71)."""
        limit_s = self.settings.stop_timeout_s * ANSWER_SHARE
        if self._calls.hanging:
            await self._calls.run("a look at it", _in(limit_s), self._here)
        mounted = self._here()
        if mounted is None:
            left = await self._calls.run("a look at its disk", _in(limit_s), self._in_use)
            if left:
                raise ResourceError(f"{self}: {left}")
            return State.DOWN
        return State.UP if mounted.device == self._device(optional=True) else State.UNKNOWN

    def _here(self) -> mounts.Mount | None:
        found = None
        for entry in mounts.mounted():
            if entry.path == self._options.path:
                found = entry
        return found

    def _device(self, *, optional: bool = False) -> occupied.Device | None:
        try:
            return occupied.number_of(self._options.device)
        except (OSError, ValueError) as error:
            if optional:
                return None
            why = (
                f"{self._options.device}: {error.strerror}" if isinstance(error, OSError) else error
            )
            raise ResourceError(f"{self}: {why}") from None

    def _in_use(self) -> str:
        """Who uses the disk although it is not mounted at its path; empty if nobody does.

        Disk tools open a disk for a moment, mostly while a host boots.
        """
        left = ""
        for _look in range(LOOKS):
            device = self._device(optional=True)
            if device is None:
                return ""
            left = release.held(self._options.device, device, self._options.path)
            if not left:
                return ""
            sleep(LOOK_S)
        return left

    async def start(self, situation: Situation) -> None:
        """Mount, unless it is mounted there already."""
        limit_s = self.settings.start_timeout_s * ANSWER_SHARE
        if self._excluded(situation):
            await self._protection.reset(off=situation.peer_gone)
        await self._calls.run(f"mounting {self._options.device}", _in(limit_s), self._mount)
        await self.make_room()

    async def make_room(self) -> None:
        """Give up the reserve of a full file system, so that its applications can start (F91)."""
        limit_s = self.settings.start_timeout_s * ANSWER_SHARE
        freed, left = await self._calls.run("making room", _in(limit_s), self._give_up)
        if freed:
            text = f"its reserve of {freed >> 20} MiB is given up, so that its service can start"
            if left < reserve.SMALLEST:
                text += ", but only root may use the free space (ext4: tune2fs -m 0)"
            self._alert("reserve-given-up", f"{self} is full: {text}. Make room there now")

    def _give_up(self) -> tuple[int, int]:
        """Freed bytes, and the room for any account now. An error does not prevent the start."""
        path = self._options.path
        try:
            return reserve.give_up(path), reserve.free(path)
        except OSError:
            return 0, 0

    def _mount(self) -> None:
        options, device = self._options, self._device()
        mounted = self._here()
        if mounted is not None:
            if mounted.device == device:
                return
            raise ResourceError(f"{self}: another device is mounted there")
        left = self._in_use()
        if left:
            raise ResourceError(f"{self}: cannot be mounted: {left}")
        try:
            mounts.mount(options.device, options.path, options.fstype, options.options)
        except OSError as error:
            raise ResourceError(
                f"{self}: cannot mount {options.device}: {error.strerror}{_hint(error)}"
            ) from None

    async def stop(self) -> None:
        """Unmount it wherever it is mounted; try again within the timeout (F54, F71)."""
        until = _in(self.settings.stop_timeout_s * ANSWER_SHARE)
        pause_s = FIRST_PAUSE_S
        while True:
            begun = _in(0)
            outcome = await self._calls.run(f"unmounting {self}", until, self._release)
            took_s = _in(0) - begun
            self._tell(outcome)
            if not outcome.left:
                return
            if _in(pause_s + 2 * took_s) >= until:
                raise ResourceError(f"{self}: is still in use: {outcome.left}")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _tell(self, outcome: release.Outcome) -> None:
        if outcome.ended:
            ended = ", ".join(outcome.ended)
            self._alert("users-ended", f"{self}: was in use by {ended}: ended")
        if outcome.elsewhere:
            places = ", ".join(outcome.elsewhere)
            self._alert("unmounted-elsewhere", f"{self}: was unmounted at {places}, too")

    def _release(self) -> release.Outcome:
        try:
            device = self._device(optional=True)
            return release.attempt(self._options.device, device, self._options.path)
        except OSError as error:
            raise ResourceError(f"{self}: cannot be unmounted: {error.strerror}") from None

    def watch(self, failed: Callable[[str], None]) -> None:
        """The monitor of the mounts watches it, with one descriptor for all mounts."""

    def close(self) -> None:
        """Nothing to free."""


def _in(seconds: float) -> float:
    """The loop time in so many seconds."""
    return asyncio.get_running_loop().time() + seconds


def _hint(error: OSError) -> str:
    if error.errno in (errno.EUCLEAN, errno.EIO, errno.EBADMSG):
        return "; the file system is damaged and is never repaired by force: check it by hand"
    if error.errno == errno.EINVAL:
        return "; wrong type, options, or a damaged file system: see the kernel's log"
    return ""
