# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at this node: what it would need to take over each service. Changes nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from failoverd.resources.base import Needing, Needs, ResourceError
from failoverd.resources.filesystem import Filesystem
from failoverd.resources.service import Service
from failoverd.resources.virtual_ip import VirtualIp, claimants
from failoverd.system.pacing import Rest

from . import modules, programs
from .asker import Asker

PERIOD_S = 60.0
FIRST_S = 5.0
"""A daemon that has just begun has more urgent work."""
NEEDS_S = 30.0
"""Longest question to one resource."""
FRESH_S = 5.0
"""A question within this time gets the last answer."""
PLACES = ("/", "/var/lib/failoverd", "/run", "/tmp")
"""Where a start writes: programs, state, sockets, temporary files."""

Facts = dict[str, Any]


class Examiner:
    """One look at a time. Its results are plain values, for the judge."""

    def __init__(
        self,
        services: Mapping[str, Service],
        agents: Mapping[str, str],
        told: Callable[[], None] = lambda: None,
        rest: Rest = asyncio.sleep,
        places: Iterable[str] = PLACES,
    ) -> None:
        """agents: exclusion method -> path of its program. told: called after each look."""
        self._services = services
        self._agents = agents
        self._told = told
        self._rest = rest
        self._places = tuple(places)
        self._asker = Asker()
        self._lacking: dict[str, tuple[Any, str]] = {}
        """Path of a program -> when that was found, and which libraries it lacks."""
        self._turn = asyncio.Lock()
        self._at: float | None = None
        self._facts: Facts = {}

    async def run(self) -> None:
        """Look for ever."""
        await asyncio.sleep(FIRST_S)
        while True:
            await self.look()
            await self._rest(PERIOD_S)

    @property
    def facts(self) -> Facts:
        """The results of the last look, with its age; empty before the first one."""
        if self._at is None:
            return {}
        return {**self._facts, "age_s": round(self._now() - self._at, 1)}

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def look(self) -> None:
        """Look now. Many who ask at once share one look."""
        async with self._turn:
            if self._at is not None and self._now() - self._at < FRESH_S:
                return
            self._facts = {
                "agents": {n: await self._program(p, ()) for n, p in self._agents.items()},
                "space": {path: await self._room(path) for path in self._places},
                "needs": {name: await self._needs(s) for name, s in self._services.items()},
                "addresses": await self._addresses(),
            }
            self._at = self._now()
        self._told()

    async def _needs(self, service: Service) -> dict[str, Facts]:
        """For each resource what its start would miss."""
        resources = service.resources.items()
        roots = [r.settings.options.path for _name, r in resources if isinstance(r, Filesystem)]
        return {n: await self._of(r, roots) for n, r in resources if isinstance(r, Needing)}

    async def _of(self, resource: Needing, roots: Sequence[str]) -> Facts:
        try:
            async with asyncio.timeout(NEEDS_S):
                needs = await resource.needs()
            wrong = needs.wrong or await self._missing(needs, roots)
        except (ResourceError, OSError, TimeoutError) as error:
            return {"wrong": "", "odd": "", "unknown": _reason(error)}
        return {"wrong": wrong, "odd": needs.odd, "unknown": ""}

    async def _missing(self, needs: Needs, roots: Sequence[str]) -> str:
        if needs.module and not await self._asker.ask(needs.module, modules.has, needs.module):
            return f"the kernel has no {needs.module}"
        for path in needs.programs:
            problem = await self._program(path, roots)
            if problem:
                return f"{path} {problem}"
        return ""

    async def _program(self, path: str, roots: Sequence[str]) -> str:
        """Why a program cannot run, as the end of a sentence; empty if it can."""
        try:
            seen = await self._asker.ask(path, programs.look, path, roots)
        except OSError as error:
            return f"cannot be read: {_reason(error)}"
        if seen.wrong or not seen.binary:
            return str(seen.wrong)
        known = self._lacking.get(path)
        if known is None or known[0] != seen.seen:
            self._lacking[path] = known = (seen.seen, await programs.lacking(path))
        return known[1]

    async def _room(self, path: str) -> Facts:
        try:
            free_mib, inodes = await self._asker.ask(f"room {path}", room, path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            return {"unknown": _reason(error)}
        return {"free_mib": free_mib, "inodes": inodes, "unknown": ""}

    async def _addresses(self) -> dict[str, Facts]:
        """For each address which other hosts answer to it."""
        resources = [r for s in self._services.values() for r in s.resources.values()]
        found = await claimants([r for r in resources if isinstance(r, VirtualIp)])
        return {name: {"macs": macs, "unknown": why} for name, (macs, why) in found.items()}


def room(path: str) -> tuple[int, int | None]:
    """Free MiB and free inodes of a file system, None if it has no fixed number of them.

    Blocks; raises OSError.
    """
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize >> 20, found.f_favail if found.f_files else None


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or "no answer in time"
