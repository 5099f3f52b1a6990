# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that an OCF resource agent starts and stops, as under Pacemaker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from failoverd.checks.base import Check, CheckFailed, CheckSettings, CheckUnable
from failoverd.formats.schema import Section
from failoverd.system.aside import aside
from failoverd.system.process import Finished
from failoverd.system.systemd import Systemd, SystemdError

from . import agents, lastwords, ocf_metadata, progress
from .base import Needs, ResourceError, Situation, State
from .ocf_environment import Use, variables
from .ocf_metadata import Metadata, MetadataError
from .part import Part
from .progress import Progress
from .scopewatch import ScopeWatch
from .settings import ResourceSettings

PART = Part.PROGRAM
START_TIMEOUT_S = 3600.0
STOP_TIMEOUT_S = 3600.0
"""User or agent tell how long actions take; these are outer limits."""
ROOT = Path("/usr/lib/ocf")
AGENT = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+")
METADATA_S = 20.0
ENDLESS_S = 86400.0 * 365
LIMIT_OF = {
    "start": ("start_timeout_s", 1.0),
    "promote": ("start_timeout_s", 1.0),
    "demote": ("stop_timeout_s", 0.5),
    "stop": ("stop_timeout_s", 1.0),
}
"""The user's limit that holds for an action, and the share that the action may take."""
OK, NOT_INSTALLED, NOT_RUNNING, PROMOTED = 0, 5, 7, 8
UP = (OK, PROMOTED, 190, 191)
"""190 and 191 mean: it serves, but degraded."""
WORDS = {
    1: "failed",
    2: "got wrong arguments",
    3: "is not implemented",
    4: "lacks a permission",
    5: "lacks a program",
    6: "is misconfigured",
    7: "reports that it does not run",
    9: "reports that it failed while promoted",
}


@dataclass(frozen=True)
class Options:
    """The agent and its parameters."""

    agent: str
    parameters: Mapping[str, str]
    promoted: bool = False
    instance: str = ""
    """Name of this instance for the agent; unique on the node."""


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read agent, parameters, promoted and instance."""
    agent = entry.text("agent")
    if not AGENT.fullmatch(agent):
        raise entry.fail("agent", f"must be like heartbeat:nginx, not {agent}")
    return Options(
        agent=agent,
        parameters=entry.scalars("parameters"),
        promoted=entry.flag("promoted", False),
        instance=entry.name("instance", ""),
    )


def build(settings: ResourceSettings, host: Any) -> Ocf:
    """Make the resource; host.systemd makes the scope of its processes."""
    return Ocf(settings, host.systemd)


class Ocf:
    """One action at a time. The meaning of an exit code depends on the action."""

    def __init__(self, settings: ResourceSettings, systemd: Systemd, root: Path = ROOT) -> None:
        self.settings = settings
        self._options: Options = settings.options
        self._systemd = systemd
        self._root = root
        provider, _colon, kind = self._options.agent.partition(":")
        self._path = root / "resource.d" / provider / kind
        self._instance = self._options.instance or settings.name
        self._metadata: Metadata | None = None
        self._limit: tuple[asyncio.Timeout, float] | None = None
        """The limit of the start under way, and its length."""
        self._mark: Hashable = None
        """Its progress at the last look."""
        self._turn = asyncio.Lock()
        self._scope = f"failover-{self._instance}.scope"
        self._scopewatch = ScopeWatch(systemd, self._scope)

    def __str__(self) -> str:
        return f"ocf:{self._options.agent}"

    async def prepare(self, situation: Situation) -> None:
        """Read the metadata of the agent, and check the parameters against it."""
        metadata = await self._known()
        complaint = ocf_metadata.wrong(metadata, self._options.parameters)
        if complaint:
            raise ResourceError(f"{self}: {complaint}")

    async def needs(self) -> Needs:
        """An agent that accepts its parameters."""
        programs = (str(self._path),)
        if not os.access(self._path, os.X_OK):
            return Needs(programs)
        wrong = ocf_metadata.wrong(await self._known(), self._options.parameters)
        return Needs(programs, wrong=wrong)

    async def _known(self) -> Metadata:
        if self._metadata is None:
            if not os.access(self._path, os.X_OK):
                raise ResourceError(f"{self}: there is no agent {self._path} on this node")
            finished = await self._action("meta-data", METADATA_S)
            if finished.error is not None:
                raise self._error("meta-data", finished)
            try:
                self._metadata = ocf_metadata.parse(finished.output, self._options.promoted)
            except MetadataError as error:
                raise ResourceError(f"{self}: {error}") from None
        return self._metadata

    async def probe(self) -> State:
        """Without the agent, its processes cannot be told from others."""
        if not os.access(self._path, os.X_OK):
            return State.DOWN
        metadata = await self._known()
        finished = await self._action("monitor", metadata.timeout_s("monitor"))
        if finished.code in UP:
            return State.UP
        if finished.code in (NOT_RUNNING, NOT_INSTALLED):
            return State.DOWN
        raise self._error("monitor", finished)

    async def start(self, situation: Situation) -> None:
        """Start, and promote if configured."""
        self._scopewatch.end()
        metadata = await self._known()
        adopt = agents.scope(self._systemd, self._scope, f"{self} of failover.cluster")
        for action in ("start", "promote") if self._options.promoted else ("start",):
            finished = await self._begun(action, self._limit_s(metadata, action), adopt)
            if finished.code != OK:
                raise self._error(action, finished)

    async def _begun(self, action: str, limit_s: float, adopt: agents.Adopt) -> Finished:
        """The same as _action(), but progress() extends its limit."""
        try:
            async with asyncio.timeout(limit_s) as limit:
                self._limit = (limit, limit_s)
                return await self._action(action, limit_s, adopt, endless=True)
        except TimeoutError:
            return Finished(None, f"no answer within {limit_s:g} s")
        finally:
            self._limit = None

    async def progress(self) -> Progress | None:
        """The progress of the processes in its scope; with progress, the agent may go on (F77)."""
        try:
            pids = await self._systemd.pids(self._scope)
            seen: Progress | None = await aside(progress.of, pids, "")
        except SystemdError as error:
            raise ResourceError(f"{self}: {error}") from None
        mark = None if seen is None else seen.mark
        if None not in (mark, self._mark) and mark != self._mark and self._limit is not None:
            limit, limit_s = self._limit
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time() + limit_s)
        self._mark = mark
        return seen

    async def stop(self) -> None:
        """Demote and stop. It is down only if the agent reports that it does not run (F47)."""
        self._scopewatch.end()
        if not os.access(self._path, os.X_OK):
            return
        try:
            metadata = await self._known()
        except ResourceError:
            # Then nothing was started, and the default times are good enough.
            metadata = Metadata({}, {}, ocf_metadata.DEFAULT_INTERVAL_S)
        if self._options.promoted:
            # Stop it even if it cannot be demoted.
            await self._action("demote", self._limit_s(metadata, "demote"), vital=True)
        finished = await self._action("stop", self._limit_s(metadata, "stop"), vital=True)
        if finished.code == OK:
            return
        if finished.code is not None:
            # An agent may refuse to stop an application that it was never able to start.
            found = await self._action("monitor", metadata.timeout_s("monitor"))
            if found.code == NOT_RUNNING:
                return
        raise self._error("stop", finished)

    def _limit_s(self, metadata: Metadata, action: str) -> float:
        """The limit of the user for the whole start or stop wins over those of the agent.

        A hanging demotion leaves half of the time of a stop for the stop itself.
        """
        name, share = LIMIT_OF[action]
        if name in self.settings.given:
            return share * float(getattr(self.settings, name))
        return metadata.timeout_s(action)

    def watch(self, failed: Callable[[str], None]) -> None:
        """Ask at once when its last process has ended; own_checks() finds everything else."""
        self._scopewatch.begin(partial(self._emptied, failed))

    async def _emptied(self, failed: Callable[[str], None]) -> None:
        """Many agents leave no process behind, so only "not running" is a failure (F50).

        If an agent cannot tell, for example on frozen storage, the checks decide.
        """
        with contextlib.suppress(ResourceError):
            finished = await self._monitor()
            if finished.code == NOT_RUNNING:
                failed(str(self._error("monitor", finished)))

    def own_checks(self) -> list[tuple[CheckSettings, Check]]:
        """The monitor action, with the interval and time-out of the agent."""
        if self._metadata is None:
            return []
        times = self._metadata
        settings = CheckSettings("monitor", "agent", times.interval_s, times.timeout_s("monitor"))
        return [(settings, self)]

    async def check(self) -> None:
        """Raises CheckFailed with the last line of the agent."""
        wanted = (PROMOTED, 191) if self._options.promoted else UP
        finished = await self._monitor()
        if finished.error is not None:
            raise CheckUnable(finished.last_line)
        if finished.code not in wanted:
            raise CheckFailed(str(self._error("monitor", finished)))

    async def _monitor(self) -> Finished:
        """The environment of a monitor; without an interval an agent takes it for a probe."""
        metadata = await self._known()
        timeout_s, interval_s = metadata.timeout_s("monitor"), metadata.interval_s
        return await self._action("monitor", timeout_s, interval_s=interval_s)

    async def _action(
        self,
        action: str,
        timeout_s: float,
        adopt: agents.Adopt | None = None,
        interval_s: float = 0.0,
        *,
        vital: bool = False,
        endless: bool = False,
    ) -> Finished:
        argv = (str(self._path), action)
        use = Use(self._options.agent, self._instance, self._options.promoted)
        given = variables(use, self._root, self._options.parameters, timeout_s, interval_s)
        env = agents.environment(given)
        async with self._turn:
            try:
                # At its limit the caller cancels it, which leaves no process behind.
                ends_s = ENDLESS_S if endless else timeout_s
                return await agents.run(argv, env, ends_s, adopt, vital=vital)
            except SystemdError as error:
                raise ResourceError(f"{self}: {action}: {error}") from None

    def _error(self, action: str, finished: Finished) -> ResourceError:
        if finished.code is None:
            result = ResourceError(f"{self}: {action}: {finished.last_line}")
            result.__cause__ = finished.error
            return result
        word = WORDS.get(finished.code, f"ended with {finished.code}")
        words = lastwords.choose(finished.output)
        said = f": {words}" if words else ""
        return ResourceError(f"{self}: {action} {word}{said}")

    def close(self) -> None:
        """Processes of the agent run on in their scope."""
        self._scopewatch.close()
