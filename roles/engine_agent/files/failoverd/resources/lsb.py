# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that a script of /etc/init.d starts and stops."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failoverd.checks.base import Check, CheckFailed, CheckSettings, CheckUnable
from failoverd.formats.schema import Section
from failoverd.system.process import Finished
from failoverd.system.systemd import Systemd, SystemdError

from . import agents, lastwords
from .base import Needs, ResourceError, Situation, State
from .part import Part
from .settings import ResourceSettings

PART = Part.PROGRAM
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 60.0
STATUS_S = 20.0
INTERVAL_S = 10.0
DIRECTORY = Path("/etc/init.d")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
RUNS = 0
DEAD = (1, 2, 3)
"""LSB Core specification: dead with a pid file, dead with a lock file, not running."""
ENVIRONMENT = {"SYSTEMCTL_SKIP_REDIRECT": "1", "_SYSTEMCTL_SKIP_REDIRECT": "1"}
"""Run the script itself; Debian would redirect it to its systemd unit."""


@dataclass(frozen=True)
class Options:
    """The name of the script."""

    script: str
    instance: str = ""
    """Name of its scope; unique on the node."""


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read the name of the script."""
    script = entry.text("script")
    if not NAME.fullmatch(script):
        raise entry.fail("script", f"must be the name of a file of /etc/init.d, not {script}")
    return Options(script, entry.name("instance", ""))


def build(settings: ResourceSettings, host: Any) -> Lsb:
    """Make the resource; host.systemd makes the scope of its processes."""
    return Lsb(settings, host.systemd)


class Lsb:
    """Trusts the exit codes of the LSB; a script without the action status cannot be used."""

    def __init__(
        self, settings: ResourceSettings, systemd: Systemd, directory: Path = DIRECTORY
    ) -> None:
        self.settings = settings
        self._path = directory / settings.options.script
        self._systemd = systemd
        self._turn = asyncio.Lock()

    def __str__(self) -> str:
        return f"lsb:{self._path.name}"

    async def prepare(self, situation: Situation) -> None:
        """Find a missing script before anything else starts."""
        if not os.access(self._path, os.X_OK):
            raise ResourceError(f"{self}: there is no script {self._path} on this node")

    async def needs(self) -> Needs:
        """The script."""
        return Needs((str(self._path),))

    async def probe(self) -> State:
        """A missing script has started nothing."""
        if not os.access(self._path, os.X_OK):
            return State.DOWN
        finished = await self._action("status", STATUS_S)
        if finished.code == RUNS:
            return State.UP
        if finished.code in DEAD:
            return State.DOWN
        raise self._error("status", finished)

    async def start(self, situation: Situation) -> None:
        """Start; raises ResourceError."""
        name = f"failover-{self.settings.options.instance or self.settings.name}.scope"
        adopt = agents.scope(self._systemd, name, f"{self} of failover.cluster")
        finished = await self._action("start", self.settings.start_timeout_s, adopt)
        if finished.code != 0:
            raise self._error("start", finished)

    async def stop(self) -> None:
        """Stop and verify it: many scripts exit with 0 in any case (F47)."""
        if not os.access(self._path, os.X_OK):
            return
        finished = await self._action("stop", self.settings.stop_timeout_s, vital=True)
        if finished.code != 0:
            raise self._error("stop", finished)
        if await self.probe() is not State.DOWN:
            raise ResourceError(f"{self}: still runs after its stop")

    def watch(self, failed: Callable[[str], None]) -> None:
        """Scripts send no events: own_checks() asks them."""

    def own_checks(self) -> list[tuple[CheckSettings, Check]]:
        """Its status."""
        return [(CheckSettings("status", "agent", INTERVAL_S, STATUS_S), self)]

    async def check(self) -> None:
        """Raises CheckFailed."""
        finished = await self._action("status", STATUS_S)
        if finished.error is not None:
            raise CheckUnable(finished.last_line)
        if finished.code != RUNS:
            raise CheckFailed(str(self._error("status", finished)))

    async def _action(
        self,
        action: str,
        timeout_s: float,
        adopt: agents.Adopt | None = None,
        *,
        vital: bool = False,
    ) -> Finished:
        env = agents.environment(ENVIRONMENT)
        async with self._turn:
            try:
                return await agents.run(
                    (str(self._path), action), env, timeout_s, adopt, vital=vital
                )
            except SystemdError as error:
                raise ResourceError(f"{self}: {action}: {error}") from None

    def _error(self, action: str, finished: Finished) -> ResourceError:
        words = lastwords.choose(finished.output)
        said = f": {words}" if words else ""
        code = "" if finished.code is None else f" ended with {finished.code}"
        result = ResourceError(f"{self}: {action}{code}{said}")
        result.__cause__ = finished.error
        return result

    def close(self) -> None:
        """Nothing to free; processes of the script run on in their scope."""
