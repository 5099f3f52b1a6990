# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replicated disk: promoted to start, demoted to stop, never forced."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from failoverd.core.events import Disk
from failoverd.formats.schema import Section
from failoverd.system import kernel
from failoverd.system.process import VITAL, Finished, run

from . import users
from .base import ResourceError, Situation, State
from .drbd_state import PROC, parse_json, parse_proc
from .settings import ResourceSettings

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
COMMAND_S = 50.0
RETRY_S = 0.1
BRIEFLY_S = 1.0
"""A device is held for a moment by whoever looks at its content after a change, such as udev."""
RETRY_SHARE = 0.8
"""Part of the timeout in which a refusal is tried again; the rest is for the last answer."""
NEEDS_RETRY = frozenset({11, 18})
"""drbdsetup's exit for a state change that the kernel refused: may pass in a moment (F34, F40)."""
SETUP_84 = ("/lib/drbd/drbdsetup-84", "/usr/lib/drbd/drbdsetup-84")
HELPER = "/sys/module/drbd/parameters/usermode_helper"
HANDLER = "/usr/lib/failoverd/fence-peer"
ADM = "/usr/sbin/drbdadm"
SETUP = "/usr/sbin/drbdsetup"


@dataclass(frozen=True)
class Options:
    """The DRBD resource of one volume."""

    resource: str
    minor: int
    device: str
    disk: str = field(default="", compare=False)
    """The backing device on this node, empty if it is not to be watched; it has several names."""


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read resource name, minor and device."""
    minor = entry.integer("minor", 0, 0, 1023)
    device = entry.text("device", f"/dev/drbd{minor}")
    disk = entry.per_node("disk", nodes)[node] if entry.has("disk") else ""
    return Options(entry.name("resource"), minor, device, disk)


def build(settings: ResourceSettings, host: Any) -> Drbd:
    """Make the resource; host.promotions is where the handler looks for its fast path."""
    return Drbd(settings, host.promotions, host.alert)


def read_proc() -> bytes:
    """What the kernel says of all devices, without a process (DRBD 8.4); nothing without DRBD.

    Raises ResourceError when the kernel cannot be asked: that is no proof of anything.
    """
    try:
        return kernel.read(PROC)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ResourceError(f"{PROC}: {error.strerror}") from None


class Drbd:
    """One DRBD resource. Only drbdsetup is run on the way of a takeover."""

    def __init__(
        self,
        settings: ResourceSettings,
        promotions: Path,
        alert: Callable[[str, str], None] = lambda code, text: None,
    ) -> None:
        self.settings = settings
        self._alert = alert
        self.options: Options = settings.options
        self._promotions = promotions
        self._setup = next((path for path in SETUP_84 if os.access(path, os.X_OK)), SETUP)
        self._nine: bool | None = None
        self._last = (b"", Disk())
        """What the kernel said last, and what it meant."""
        self._raised = False
        self._begun = False
        """It was this daemon that began to bring it up. A StandAlone that it finds may be a split
        brain, which a new connection would hide (F39)."""

    def __str__(self) -> str:
        return f"drbd {self.options.resource}"

    async def disk(self) -> Disk:
        """The present state as the core wants it; raises ResourceError when there is no answer."""
        if self._nine is None:
            self._nine = await asyncio.to_thread(_is_nine)
        if not self._nine:
            return self._parsed(read_proc())
        done = await run(SETUP, "status", self.options.resource, "--json", timeout_s=5, score=VITAL)
        if done.code is None:
            raise ResourceError(f"{self}: {done.last_line}") from done.error
        return parse_json(done.output, self.options.resource) or Disk()

    def _parsed(self, text: bytes) -> Disk:
        """Of an idle device the kernel says the same each time."""
        if text != self._last[0]:
            devices = parse_proc(text.decode("ascii", "replace"))
            self._last = (text, devices.get(self.options.minor, Disk()))
        return self._last[1]

    async def bring_up(self) -> None:
        """Attach and connect, once in this life; raises ResourceError while that is not done.

        drbdadm gives up on a slow host between the two, so half of it is brought up too. Later a
        lost disk (F35) or a refused connection (F39) is not for the daemon to mend.
        """
        disk = await self.disk()
        known = disk.role != "Unknown"
        self._begun |= not known
        ours = self._begun or disk.connection != "StandAlone"
        if not known or (_half_up(disk) and ours and not self._raised):
            await run("/usr/sbin/modprobe", "drbd", timeout_s=30)
            self._nine = None
            verb = "adjust" if known else "up"
            done = await run(ADM, verb, self.options.resource, timeout_s=60, score=VITAL)
            disk = await self.disk()
            if done.code != 0 and (disk.role == "Unknown" or _half_up(disk)):
                raise ResourceError(f"{self}: cannot be brought up: {done.last_line}")
        self._raised = True
        self.become_helper()

    def become_helper(self) -> None:
        """Have the kernel call the handler straight: one program less during a promotion."""
        with contextlib.suppress(OSError):
            if os.access(HANDLER, os.X_OK) and Path(HELPER).read_text().strip() != HANDLER:
                Path(HELPER).write_text(HANDLER)

    async def prepare(self, situation: Situation) -> None:
        """Nothing to do before the promotion itself."""

    async def probe(self) -> State:
        """Up means Primary."""
        role = (await self.disk()).role
        return State.UP if role == "Primary" else State.DOWN

    async def start(self, situation: Situation) -> None:
        """Promote; refused for a moment means try again (F34)."""
        if (await self.disk()).role == "Unknown":
            await self.bring_up()
        with self._leave(situation.peer_gone):
            await self._insist("primary", "Primary", self.settings.start_timeout_s * RETRY_SHARE)

    @contextlib.contextmanager
    def _leave(self, peer_gone: bool) -> Any:
        """While it stands, DRBD's handler answers at once that the peer is fenced.

        It is a link through a directory that this daemon holds open. So it leads nowhere from the
        moment on at which the daemon ends, in whatever way, and then the handler has to ask (F38).
        Without a mark, as for want of a descriptor, it asks as well.
        """
        marker, home = self._promotions / self.options.resource, self._promotions.parent
        with contextlib.ExitStack() as ours:
            ours.callback(marker.unlink, missing_ok=True)
            if peer_gone:
                with contextlib.suppress(OSError):
                    door = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                    ours.callback(os.close, door)
                    marker.unlink(missing_ok=True)
                    marker.symlink_to(f"/proc/{os.getpid()}/fd/{door}/{self._promotions.name}")
            yield

    async def stop(self) -> None:
        """Demote; a device in use is tried again until the deadline (F40)."""
        if (await self.disk()).role in ("Secondary", "Unknown"):
            return
        limit_s = self.settings.stop_timeout_s * RETRY_SHARE
        await self._insist("secondary", "Secondary", limit_s, self._free)

    async def _free(self) -> None:
        """End whoever holds the device open: the file system is unmounted, so nobody has cause."""
        ended = await asyncio.to_thread(_end_holders, self.options.device)
        if ended:
            self._alert("users-ended", f"{self}: was in use by {', '.join(ended)}: ended")

    async def leave(self) -> None:
        """Part from the peer in good order: it agrees that this disk is outdated from here on.

        Otherwise the peer would have to freeze and to fence a node that only reboots (F61).
        """
        disk = await self.disk()
        if disk.connected and disk.role == "Secondary":
            done = await run(ADM, "disconnect", self.options.resource, timeout_s=15, score=VITAL)
            if done.code != 0:
                raise ResourceError(f"{self}: cannot be disconnected: {done.last_line}")

    async def outdate(self) -> None:
        """Mark the own disk as outdated for the peer that goes on (F13)."""
        await self._command("outdate")

    async def resume_io(self) -> None:
        """Thaw frozen I/O (F41 is the core's to decide)."""
        await self._command("resume-io")

    async def _insist(
        self,
        verb: str,
        role: str,
        limit_s: float,
        between: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Repeat until done or until limit_s have passed. between: what may help meanwhile."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        until = begun + limit_s
        while True:
            done = await self._command(verb)
            if done.code == 0 or (await self.disk()).role == role:
                return
            if done.code not in NEEDS_RETRY or loop.time() >= until:
                raise ResourceError(f"{self}: {verb} failed: {done.last_line}") from done.error
            if between is not None and loop.time() >= begun + BRIEFLY_S:
                await between()
            await asyncio.sleep(RETRY_S)

    async def _command(self, verb: str) -> Finished:
        nine = self._setup == SETUP
        target = self.options.resource if nine and verb != "resume-io" else str(self.options.minor)
        return await run(self._setup, verb, target, timeout_s=COMMAND_S, score=VITAL)

    def watch(self, failed: Callable[[str], None]) -> None:
        """The daemon watches the disk's state for the core."""

    def close(self) -> None:
        """Nothing to free."""


def _end_holders(path: str) -> list[str]:
    try:
        number = Path(path).stat().st_rdev
    except OSError:
        return []
    return users.end(users.Node((os.major(number), os.minor(number))))


def _half_up(disk: Disk) -> bool:
    return disk.connection == "StandAlone" or disk.disk == "Diskless"


def _is_nine() -> bool:
    try:
        first = Path(PROC).read_text(encoding="ascii", errors="replace").split("\n", 1)[0]
    except OSError:
        return False
    return first.startswith("version: 9")
