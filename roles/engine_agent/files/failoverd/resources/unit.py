# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application: a systemd unit, never a child of the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import pwd
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from failoverd.checks import peer, standstill
from failoverd.checks.base import Check, CheckSettings
from failoverd.checks.postgres import Session
from failoverd.formats.schema import Section
from failoverd.system import trouble
from failoverd.system.aside import aside
from failoverd.system.pidfd import ProcessWatch, is_stopped
from failoverd.system.systemd import Systemd, SystemdError

from . import lastwords, postmaster, progress
from .base import Needs, ResourceError, Situation, State
from .part import Part
from .progress import Progress
from .settings import ResourceSettings

PART = Part.PROGRAM
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 60.0
UP_STATES = ("active", "reloading")
DOWN_STATES = ("inactive", "failed")
VERDICT_S = 0.15
"""How long systemd may take to react to the end of a main process."""
LOOKS = 5
SETTLE_S = 0.5
ATTACH_AGAIN_S = 1.0
SAID_AGAIN_S = 0.1
RESULTS = {
    "assert": "an Assert of the unit's file does not hold",
    "dependency": "a unit that it requires has failed",
    "timeout": "systemd ended the start at a limit of the unit's file",
}
"""Texts for the results of systemd; the other results are words already."""
ENDLESS = (
    "makes this PostgreSQL a standby: it replays the log of a primary for ever and takes no writes;"
    " if it is not a standby, remove the file and restart it"
)
HUNG_STOP_S = 3.0
"""How long a silent application is asked to end before it is killed."""
KILL_AT = 0.8
"""After this part of its time, a stop uses SIGKILL (F53)."""


@dataclass(frozen=True)
class Options:
    """The full name of the unit."""

    unit: str
    data: str = field(default="", compare=False)
    """The data directory, if the unit is a PostgreSQL whose stale lock files are removed."""


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read the name of the unit and its data directory."""
    unit = entry.text("unit")
    if "." not in unit or "/" in unit:
        raise entry.fail("unit", f"must be a unit's full name such as {unit}.service")
    return Options(unit, entry.path("data") if entry.has("data") else "")


def build(settings: ResourceSettings, host: Any) -> Unit:
    """Make the resource; host.systemd is the shared connection to systemd."""
    return Unit(settings, host.systemd, host.alert)


class Unit:
    """Starts and stops it over D-Bus; signals and its main process tell a failure (F50).

    For systemd a unit has failed only when all of its processes have ended. Its main process is
    watched as well, so that a slow leftover delays nothing.
    """

    def __init__(
        self,
        settings: ResourceSettings,
        systemd: Systemd,
        alert: Callable[[str, str], None] = lambda code, text: None,
    ) -> None:
        self.settings = settings
        self._alert = alert
        self._hangs = False
        self._unit: str = settings.options.unit
        self._systemd = systemd
        self._failed: Callable[[str], None] | None = None
        self._subscribed = False
        self._subscriber: asyncio.Task[None] | None = None
        self._main: ProcessWatch | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def main_pid(self) -> int:
        """The main process while it is watched, else 0."""
        return self._main.pid if self._main is not None else 0

    def own_checks(self) -> list[tuple[CheckSettings, Check]]:
        """The check of every unit: a stopped main process serves nobody."""
        return [(standstill.DEFAULT, standstill.Standstill(self))]

    def __str__(self) -> str:
        return self._unit

    async def prepare(self, situation: Situation) -> None:
        """Connect the bus and load the unit before they are needed."""
        properties = await self._ask(self._systemd.properties(self._unit))
        if properties["LoadState"] != "loaded":
            raise ResourceError(f"{self}: the unit is {properties['LoadState']}")
        if properties["ActiveState"] == "failed":
            # A start limit that was reached long ago must not block a takeover.
            with contextlib.suppress(SystemdError):
                await self._systemd.call("ResetFailedUnit", "s", self._unit)

    async def needs(self) -> Needs:
        """A unit that systemd knows, and the programs of its start."""
        properties = await self._ask(self._systemd.properties(self._unit))
        state = properties["LoadState"]
        if state != "loaded":
            return Needs(wrong=f"the unit is {state}")
        boots = str(properties.get("UnitFileState", "")).startswith("enabled")
        odd = "the unit starts at boot by itself" if boots else ""  # F59
        programs = await self._ask(self._systemd.programs(self._unit))
        return Needs(tuple(programs), odd=odd)

    async def _ask(self, call: Any) -> Any:
        try:
            return await call
        except SystemdError as error:
            raise ResourceError(f"{self}: {error}") from None

    async def probe(self) -> State:
        """A state between up and down counts as unknown."""
        state = await self._ask(self._systemd.state(self._unit))
        if state in UP_STATES:
            return State.UP
        return State.DOWN if state in DOWN_STATES else State.UNKNOWN

    async def settle(self) -> None:
        """Wait while systemd starts it: a start of an earlier life goes on (F31, F77)."""
        while True:
            if await self._ask(self._systemd.state(self._unit)) != "activating":
                return
            await asyncio.sleep(SETTLE_S)

    async def start(self, situation: Situation) -> None:
        """Start it and wait until it is active."""
        self._failed = None
        await self._clear_locks()
        await self._tell_of_standby()
        result = await self._ask(self._systemd.job("StartUnit", self._unit))
        properties = await self._ask(self._systemd.properties(self._unit))
        if properties["ActiveState"] not in UP_STATES:
            said = await self._said(properties)
            if not said:
                said = RESULTS.get(result, f"the start ended as {result}")
                said += f", the unit is {properties['ActiveState']}"
            raise ResourceError(f"{self}: {said}; see journalctl -u {self._unit}")

    async def _said(self, properties: Mapping[str, Any]) -> str:
        """The reason of the failure in the words of the application, empty if there is none."""
        invocation = bytes(properties.get("InvocationID", b"")).hex()
        for _look in range(LOOKS):
            said = await lastwords.of_unit(invocation)
            if said:
                return said
            # The last lines take a moment to reach the journal.
            await asyncio.sleep(SAID_AGAIN_S)
        return ""

    async def last_words(self) -> str:
        """Its recent lines; raises ResourceError."""
        properties = await self._ask(self._systemd.properties(self._unit))
        return await lastwords.of_unit(bytes(properties.get("InvocationID", b"")).hex())

    async def _clear_locks(self) -> None:
        """F55: lock files of a crashed server must not keep the next one down."""
        data = self.settings.options.data
        if not data or await self.probe() is not State.DOWN:
            return
        try:
            removed = await aside(postmaster.clear, data)
        except (OSError, RuntimeError):
            # The server itself reports the error of the directory.
            return
        for path in removed:
            text = f"{self}: {path} was removed: no server works in {data}"
            self._alert("stale-lock", f"{text}, and another program has the number in it")

    async def progress(self) -> Progress | None:
        """Its progress by its status and its processes."""
        told = await self._ask(self._systemd.told(self._unit)) if self._is_service else ""
        pids = await self._ask(self._systemd.pids(self._unit))
        # Asking about a process that waits for a dead disk may block as well.
        seen: Progress | None = await aside(progress.of, pids, told)
        signal_file = await self._standby_signal() if seen is not None else ""
        if seen is None or not signal_file:
            return seen
        return Progress(f"{seen.text}; {signal_file} {ENDLESS}", seen.mark)

    async def _standby_signal(self) -> str:
        """A file that makes PostgreSQL wait for the log of a primary, for ever."""
        data = self.settings.options.data
        try:
            return await aside(postmaster.standby, data) if data else ""
        except (OSError, RuntimeError):
            return ""

    async def _tell_of_standby(self) -> None:
        signal_file = await self._standby_signal()
        if signal_file:
            self._alert("standby-signal", f"{self}: {signal_file} {ENDLESS}")

    @property
    def _is_service(self) -> bool:
        return self._unit.endswith(".service")

    async def unburden(self) -> None:
        """Let a PostgreSQL write its dirty pages: the checkpoint of its stop has little left."""
        data = self.settings.options.data
        if not data:
            return
        # Whatever fails here, the stop does the same work.
        with contextlib.suppress(Exception):
            path, uid = await aside(postmaster.door, data)
            account = {"user": pwd.getpwuid(uid).pw_name, "database": "postgres"}
            session = await Session.open(peer.connect(path, uid), account)
            try:
                await session.ask("CHECKPOINT")
            finally:
                session.close()

    def hurry(self) -> None:
        """It does not answer: the next stop asks it for HUNG_STOP_S, then kills all of it."""
        self._hangs = True

    def _patience_s(self) -> float:
        """How long a stop waits before SIGKILL."""
        patience_s = KILL_AT * self.settings.stop_timeout_s
        if not self._hangs:
            return patience_s
        # A process that a signal has stopped cannot end on request.
        return 0.0 if is_stopped(self.main_pid) else min(HUNG_STOP_S, patience_s)

    async def stop(self) -> None:
        """Stop it and wait until no process is left; the rest is killed."""
        self._failed = None
        patience_s, self._hangs = self._patience_s(), False
        self._forget()
        properties = await self._ask(self._systemd.properties(self._unit))
        if properties["ActiveState"] in DOWN_STATES and properties["Job"][0] == 0:
            return
        killer = self._spawn(self._kill_late(patience_s))
        try:
            result = await self._ask(self._systemd.job("StopUnit", self._unit))
        finally:
            killer.cancel()
        state = await self._ask(self._systemd.state(self._unit))
        if state not in DOWN_STATES:
            raise ResourceError(f"{self}: the stop ended as {result}, the unit is {state}")

    async def _kill_late(self, patience_s: float) -> None:
        """F53: kill it. Only a unit that survives this may cost the node its life (F47)."""
        await asyncio.sleep(patience_s)
        with contextlib.suppress(SystemdError):
            await self._systemd.call("KillUnit", "ssi", self._unit, "all", signal.SIGKILL)

    def watch(self, failed: Callable[[str], None]) -> None:
        """Report at once when the main process ends, or the unit is inactive or failed."""
        self._failed = failed
        if not self._subscribed and self._subscriber is None:
            self._subscriber = self._spawn(self._subscribe())
        elif self._subscribed:
            self._spawn(self._look())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _subscribe(self) -> None:
        """Subscribe; the bus may be away for a moment."""
        while not self._subscribed:
            try:
                await self._systemd.watch(self._unit, self._changed)
                self._subscribed = True
            except Exception:  # what this daemon lacks for a moment as well (F75)
                await asyncio.sleep(1.0)
        await self._look()

    async def _look(self) -> None:
        """Read the state that it got while nobody listened."""
        with contextlib.suppress(SystemdError):
            self._changed({"ActiveState": await self._systemd.state(self._unit)})

    def _changed(self, properties: dict[str, Any]) -> None:
        state = properties.get("ActiveState")
        if state in DOWN_STATES:
            self._forget()
            self._report(f"is {state}")
        elif state in UP_STATES and self._failed is not None:
            self._spawn(self._attach())

    def _report(self, reason: str) -> None:
        if self._failed is not None:
            failed, self._failed = self._failed, None
            failed(reason)

    async def _attach(self) -> None:
        """Watch the main process. Without one, or without the bus, signals alone tell."""
        for _look in range(LOOKS):
            try:
                pid = await self._systemd.main_pid(self._unit)
                if self._failed is None or pid in (0, self.main_pid):
                    return
                self._forget()
                # The next look verifies that the number is not that of another process.
                self._main = ProcessWatch(pid, partial(self._main_ended, pid))
            except SystemdError:
                return
            except OSError as error:
                if trouble.own(error):
                    # F75: it may be alive.
                    await asyncio.sleep(ATTACH_AGAIN_S)
                    self._spawn(self._attach())
                else:
                    self._main_ended(pid)
                return

    def _main_ended(self, pid: int) -> None:
        self._main = None
        if self._failed is not None:
            self._spawn(self._judge(pid))

    async def _judge(self, pid: int) -> None:
        """The main process may be replaced by another, and a unit may run without one."""
        with contextlib.suppress(SystemdError, TimeoutError):
            async with asyncio.timeout(VERDICT_S):
                if await self._lives_on(pid):
                    self._spawn(self._attach())
                    return
        self._report(f"lost its main process {pid}")

    async def _lives_on(self, pid: int) -> bool:
        for _look in range(LOOKS):
            state = await self._systemd.state(self._unit)
            # Between two restarts by systemd, if the unit file asks for restarts.
            if state == "activating":
                return True
            if state not in UP_STATES:
                return False
            if await self._systemd.main_pid(self._unit) != pid:
                return True
            await asyncio.sleep(0.01)
        return False

    def _forget(self) -> None:
        if self._main is not None:
            self._main.close()
            self._main = None

    def close(self) -> None:
        """Stop listening; the unit runs on."""
        self._failed = None
        self._forget()
        for task in list(self._tasks):
            task.cancel()
