# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replicated disk: promotes to start, demotes to stop, never forces."""

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

from . import drbd_silence, users
from .base import Needs, ResourceError, Situation, State
from .drbd_state import PROC, behind_json, behind_proc, parse_json, parse_proc
from .drbd_sync import Sync, of_json, of_proc
from .part import Part
from .settings import ResourceSettings

PART = Part.REPLICA
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
COMMAND_S = 50.0
RETRY_S = 0.1
BRIEFLY_S = 1.0
"""After a change, programs such as udev keep the device open for a moment."""
RETRY_SHARE = 0.8
"""Part of the timeout for retries after a refusal; the rest is for the last answer."""
NEEDS_RETRY = frozenset({11, 18})
"""Exit status of drbdsetup if the kernel refuses a change: often only for a moment (F34, F40)."""
SETUP_84 = ("/lib/drbd/drbdsetup-84", "/usr/lib/drbd/drbdsetup-84")
SILENT_S = 1.3
"""So long no live kernel is silent: ping-int is 1 s."""
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
    """The backing device on this node, which has several names; empty if it is not watched."""


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read resource name, minor and device."""
    minor = entry.integer("minor", 0, 0, 1023)
    device = entry.text("device", f"/dev/drbd{minor}")
    disk = entry.per_node("disk", nodes)[node] if entry.has("disk") else ""
    return Options(entry.name("resource"), minor, device, disk)


def build(settings: ResourceSettings, host: Any) -> Drbd:
    """Make the resource; host.promotions is the directory of the handler's fast path."""
    return Drbd(settings, host.promotions, host.alert)


def read_proc() -> bytes:
    """The text of the kernel about all devices (DRBD 8.4), without a process; empty without DRBD.

    Raises ResourceError if the kernel cannot be asked, which proves nothing.
    """
    try:
        return kernel.read(PROC)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ResourceError(f"{PROC}: {error.strerror}") from None


class Drbd:
    """One DRBD resource. A takeover runs drbdsetup only."""

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
        """The last text of the kernel, and its meaning."""
        self.behind: int | None = None
        """How many bytes the two copies differed in when the disk was looked at last."""
        self._told = ""
        """The last answer of DRBD 9."""
        self._changing = asyncio.Lock()
        """drbdadm changes the connection."""
        self._mark = promotions.parent / f"dropped-{self.options.resource}"
        """While it exists, a StandAlone is this node's own work, which has to be finished."""
        self._raised = False
        self._begun = False
        """This daemon began to bring it up. A StandAlone that it found may be a split brain, which
        a new connection would hide (F39)."""

    def __str__(self) -> str:
        return f"drbd {self.options.resource}"

    async def disk(self) -> Disk:
        """The present state for the core; raises ResourceError if there is no answer."""
        if self._nine is None:
            self._nine = await asyncio.to_thread(_is_nine)
        if not self._nine:
            return self._parsed(read_proc())
        done = await run(SETUP, "status", self.options.resource, "--json", timeout_s=5, score=VITAL)
        if done.code is None:
            raise ResourceError(f"{self}: {done.last_line}") from done.error
        self.behind = behind_json(done.output, self.options.resource)
        self._told = done.output
        return parse_json(done.output, self.options.resource) or Disk()

    def sync(self) -> Sync | None:
        """The resync or verification that was under way at the last look; None without one."""
        if self._nine:
            return of_json(self._told, self.options.resource)
        return of_proc(self._last[0].decode("ascii", "replace"), self.options.minor)

    def _parsed(self, text: bytes) -> Disk:
        """The text of an idle device does not change."""
        if text != self._last[0]:
            said = text.decode("ascii", "replace")
            devices = parse_proc(said)
            self.behind = behind_proc(said).get(self.options.minor)
            self._last = (text, devices.get(self.options.minor, Disk()))
        return self._last[1]

    async def bring_up(self) -> None:
        """Attach and connect, once in this life; raises ResourceError until that is done.

        drbdadm may give up between the two on a slow host, so a half state is completed, too. Later
        the daemon does not mend a lost disk (F35) or a refused connection (F39), but it finishes
        what drop_peer() has begun, in an earlier life too.
        """
        async with self._changing:
            await self._bring_up()
        self.become_helper()

    async def _bring_up(self) -> None:
        disk = await self.disk()
        known = disk.role != "Unknown"
        self._begun |= not known
        ours = self._begun or disk.connection != "StandAlone"
        parted = disk.connection == "StandAlone" and self._mark.exists()
        if not known or (_half_up(disk) and ours and not self._raised) or parted:
            await run("/usr/sbin/modprobe", "drbd", timeout_s=30)
            self._nine = None
            verb = "adjust" if known else "up"
            done = await run(ADM, verb, self.options.resource, timeout_s=60, score=VITAL)
            disk = await self.disk()
            if done.code != 0 and (disk.role == "Unknown" or _half_up(disk)):
                raise ResourceError(f"{self}: cannot be brought up: {done.last_line}")
        self._raised = True
        self._mark.unlink(missing_ok=True)

    def become_helper(self) -> None:
        """Make the kernel call the handler directly: one program less during a promotion."""
        with contextlib.suppress(OSError):
            if os.access(HANDLER, os.X_OK) and Path(HELPER).read_text().strip() != HANDLER:
                Path(HELPER).write_text(HANDLER)

    async def prepare(self, situation: Situation) -> None:
        """Nothing to do before the promotion itself."""

    async def needs(self) -> Needs:
        """The kernel's DRBD and its tools (F85)."""
        return Needs((ADM, SETUP), "drbd")

    async def probe(self) -> State:
        """Up means Primary."""
        role = (await self.disk()).role
        return State.UP if role == "Primary" else State.DOWN

    async def start(self, situation: Situation) -> None:
        """Promote; try again if it is refused for a moment (F34)."""
        if (await self.disk()).role == "Unknown":
            await self.bring_up()
        with self._leave(situation.peer_gone):
            await self._insist("primary", "Primary", self.settings.start_timeout_s * RETRY_SHARE)

    @contextlib.contextmanager
    def _leave(self, peer_gone: bool) -> Any:
        """While the mark exists, DRBD's handler answers at once that the peer is fenced.

        The mark is a link through a directory that this daemon holds open. It leads nowhere as soon
        as the daemon has ended in any way, and then the handler has to ask (F38). Without a mark,
        for example for lack of a descriptor, the handler asks as well.
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
        """Demote; try again until the deadline while the device is in use (F40)."""
        if (await self.disk()).role in ("Secondary", "Unknown"):
            return
        limit_s = self.settings.stop_timeout_s * RETRY_SHARE
        await self._insist("secondary", "Secondary", limit_s, self._free)

    async def _free(self) -> None:
        """End processes that hold the device open: its file system is unmounted already."""
        ended = await asyncio.to_thread(_end_holders, self.options.device)
        if ended:
            self._alert("users-ended", f"{self}: was in use by {', '.join(ended)}: ended")

    async def leave(self) -> None:
        """Disconnect in good order: the peer records that this disk is outdated from now on.

        Otherwise the peer would freeze its I/O and fence a node that only reboots (F61).
        """
        disk = await self.disk()
        if disk.connected and disk.role == "Secondary":
            await self._adm("disconnect")

    async def outdate(self) -> None:
        """Mark the own disk as outdated, because the peer continues without it (F13)."""
        await self._command("outdate")

    async def resume_io(self) -> None:
        """Thaw frozen I/O (F41: the core decides it)."""
        await self._command("resume-io")

    async def drop_peer(self) -> None:
        """Drop a peer that is proven off, instead of waiting for DRBD's time-outs (F34).

        Nothing is changed if its kernel has not been silent for SILENT_S (F12), or if DRBD has
        noticed by itself. The connection is waited for again at once; raises ResourceError if that
        fails, and bring_up() does it then.
        """
        async with self._changing:
            if not await self._silent():
                return
            self._mark.touch()
            await self._adm("disconnect", "--force")
            await self._adm("connect")
            self._mark.unlink(missing_ok=True)

    async def _silent(self) -> bool:
        disk = await self.disk()
        if self._nine or disk.role != "Secondary" or not disk.connected:
            return False  # DRBD 9 was not tried
        try:
            silent_s = await asyncio.to_thread(drbd_silence.silent_s, self.options.resource)
        except (OSError, ValueError):
            return False
        return silent_s >= SILENT_S

    async def _adm(self, verb: str, *options: str) -> None:
        done = await run(ADM, verb, *options, self.options.resource, timeout_s=15, score=VITAL)
        if done.code != 0:
            raise ResourceError(f"{self}: {verb} failed: {done.last_line}") from done.error

    async def _insist(
        self,
        verb: str,
        role: str,
        limit_s: float,
        between: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Repeat until it is done or limit_s have passed. between: called between two tries."""
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
        """The DRBD watcher watches the state of the disk."""

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
