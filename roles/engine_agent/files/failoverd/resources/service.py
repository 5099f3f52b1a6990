# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One service on this node: probes, starts, stops and recovers its resources as a graph."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from failoverd.checks.watchers import Watchers
from failoverd.core.events import Found
from failoverd.journal.chronicle import Chronicle
from failoverd.system import trouble
from failoverd.system.pacing import Rest

from . import graph
from .base import (
    Hurried,
    Progressing,
    Resource,
    ResourceError,
    Settling,
    Situation,
    Speaking,
    State,
    Unburdening,
)
from .drbd import Drbd
from .filesystem import Filesystem
from .limits import UNBURDEN_S
from .part import STORAGE
from .service_settings import ServiceSettings

R = TypeVar("R")
SAID_S = 6.0
"""Longest wait for the last words of an application."""
AGAIN_S = 0.2
"""Pause between two tries of a stop for which this daemon lacked the means."""
FOLLOW_S = 5.0
"""How often a long start is asked for its progress."""


class Failed(Exception):
    """An operation on the service failed; str() is the reason for people."""


class Service:
    """Carries out what the core orders. One operation at a time, later ones wait."""

    def __init__(
        self,
        settings: ServiceSettings,
        resources: dict[str, Resource],
        history: Chronicle,
        watchers: Watchers | None = None,
        rest: Rest = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.resources = resources
        self.states: dict[str, str] = dict.fromkeys(resources, "unknown")
        self._graph = {name: r.settings.after for name, r in resources.items()}
        self._meant: graph.Graph = self._graph
        """The resources of a running service: all, or its storage alone (F91)."""
        self._history = history
        self.watchers = watchers or Watchers(resources, lambda: "")
        self._rest = rest
        self._turn = asyncio.Lock()
        self._rising: set[asyncio.Task[Any]] = set()
        """Look at it, start or recover it, or wait for their turn to."""
        self._on_failure: Callable[[str, str, bool], None] | None = None
        self.on_progress: Callable[[str], None] = lambda text: None
        """Called with the progress of a start under way."""
        self._running = False
        self._unwatched: dict[str, str] = {}
        """With the last text about it."""
        self._former: dict[str, Resource] = {}
        self._everything: graph.Graph = self._graph
        self._on_clean: Callable[[], None] = lambda: None

    def carry(
        self, former: dict[str, Resource], everything: graph.Graph, on_clean: Callable[[], None]
    ) -> None:
        """Add resources that an earlier configuration may have started here (F79).

        everything: the graph of both. on_clean: called when all of it has been stopped.
        """
        self._former, self._everything, self._on_clean = former, everything, on_clean

    def mean(self, *, repair: bool) -> None:
        """repair: only its storage is to be up, for people (F91)."""
        names = [n for n, r in self.resources.items() if r.settings.part in STORAGE]
        self._meant = graph.part(self._graph, names) if repair else self._graph

    @property
    def repaired(self) -> bool:
        """Only its storage is to be up."""
        return self._meant is not self._graph

    @property
    def drbd(self) -> Drbd | None:
        """The replicated disk, if the service has one."""
        for resource in self.resources.values():
            if isinstance(resource, Drbd):
                return resource
        return None

    @property
    def running(self) -> bool:
        """It runs here and is watched."""
        return self._running

    def up(self, kind: type[R]) -> list[R]:
        """The resources of a type that are up here; none during a change of the service."""
        if not self._running or self._turn.locked():
            return []
        up = [r for n, r in self.resources.items() if self.states[n] == State.UP.value]
        return [resource for resource in up if isinstance(resource, kind)]

    @property
    def mounted(self) -> list[str]:
        """Paths of the file systems that are up here."""
        return [r.settings.options.path for r in self.up(Filesystem)]

    async def probe(self) -> tuple[Found, str]:
        """Look at everything. An unknown state counts as half up, never as stopped.

        Raises errors of trouble.own(): then nothing was asked.
        """
        async with self._given_up_by_a_stop(), self._turn:
            found: dict[str, State] = {}
            details = []
            for name, resource in self.resources.items():
                limit_s = resource.settings.stop_timeout_s
                try:
                    async with (
                        asyncio.timeout(limit_s) as limit,
                        self._followed(name, limit, limit_s),
                    ):
                        if isinstance(resource, Settling):
                            await resource.settle()
                        found[name] = await resource.probe()
                except (ResourceError, TimeoutError) as error:
                    if trouble.own(error):
                        raise
                    found[name] = State.UNKNOWN
                    details.append(f"{name}: {str(error) or 'no answer'}")
                if found[name] is State.UP:
                    self._mended(name)
                self.states[name] = found[name].value
            left = await self._left()
            if left:
                return Found.PARTIAL, f"up by an earlier configuration: {', '.join(left)}"
            up = {name for name, state in found.items() if state is not State.DOWN}
            if self.repaired:
                # People may run anything on the storage that is open for them (F91).
                up &= set(self._meant)
            if up == set(self._meant) and {found[name] for name in up} == {State.UP}:
                return Found.RUNNING, ""
            # A lock alone runs nothing: this node took it to exclude the peer.
            if {s for n, s in found.items() if not self._is_lock(n)} == {State.DOWN}:
                return Found.STOPPED, ""
            return Found.PARTIAL, "; ".join(
                details
            ) or f"up: {', '.join(n for n in found if n in up)}"

    async def _left(self) -> list[str]:
        """Resources that may be up and are not named any more."""
        left = []
        for resource in self._former.values():
            try:
                async with asyncio.timeout(resource.settings.stop_timeout_s):
                    if await resource.probe() is not State.DOWN:
                        left.append(resource.settings.name)
            except (ResourceError, TimeoutError) as error:
                if trouble.own(error):
                    raise
                left.append(resource.settings.name)
        return left

    def _is_lock(self, name: str) -> bool:
        return self._resource(name).settings.type == "sfex"

    async def bare(self) -> bool:
        """Whether nothing of it but a lock is up here: False as soon as one part does not say so.

        The caller sets the limit.
        """
        names = [name for name in self._everything if not self._is_lock(name)]
        looks = [asyncio.ensure_future(self._resource(name).probe()) for name in names]
        try:
            for look in asyncio.as_completed(looks):
                if await look is not State.DOWN:
                    return False
        except (ResourceError, OSError, RuntimeError):
            return False
        finally:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)
        return True

    async def start(self, generation: int, peer_gone: bool, *, repair: bool = False) -> None:
        """Start everything, each resource as early as possible; raises Failed.

        repair: its storage alone, for people (F91).
        """
        async with self._given_up_by_a_stop(), self._turn:
            self.mean(repair=repair)
            if not self._meant:
                raise Failed("it has no storage to open")
            await self._measured(
                "start", generation, self._start(self._meant, Situation(peer_gone))
            )

    async def stop(self, urgent: str = "", *, planned: bool = False) -> None:
        """Stop everything in reverse; raises Failed (F47). urgent: what does not answer (F51).

        planned: it serves, and may go on for a moment to make its stop shorter.

        A start or recovery under way is given up: it may be long (F77), and a stop may not wait.
        So is a look that follows a start of an earlier life.
        """
        for task in self._rising:
            task.cancel()
        async with self._turn:
            self._hurry(urgent)
            if planned:
                await self._unburden()
            await self._measured("stop", None, self._stop(self._everything))
            self.mean(repair=False)
            self._former, self._everything = {}, self._graph
            self._on_clean()
            self._on_clean = lambda: None

    async def recover(self, name: str, urgent: str = "") -> None:
        """Restart one part and what depends on it, in place (F50); raises Failed.

        urgent: what does not answer (F51).
        """
        async with self._given_up_by_a_stop(), self._turn:
            self._hurry(urgent)
            names = graph.dependents(self._graph, name)
            part = graph.part(self._graph, names)
            await self._measured("recover", None, self._recover(part))

    async def _unburden(self) -> None:
        parts = [r for r in self.resources.values() if isinstance(r, Unburdening)]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UNBURDEN_S):
                await asyncio.gather(*(part.unburden() for part in parts))

    def _hurry(self, urgent: str) -> None:
        """Do not wait long for a silent resource, nor for those that may wait for its answer."""
        for name in graph.dependents(self._graph, urgent) if urgent in self._graph else ():
            resource = self.resources[name]
            if isinstance(resource, Hurried):
                resource.hurry()

    @contextlib.asynccontextmanager
    async def _given_up_by_a_stop(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._rising.add(task)
        try:
            yield
        finally:
            self._rising.discard(task)

    async def _recover(self, part: graph.Graph) -> None:
        await self._stop(part)
        for name, resource in self.resources.items():
            if isinstance(resource, Filesystem) and name not in part:
                with contextlib.suppress(ResourceError):
                    await resource.make_room()
        await self._start(part, Situation())

    async def _start(self, part: graph.Graph, situation: Situation) -> None:
        prepared = {
            name: asyncio.ensure_future(self.resources[name].prepare(situation)) for name in part
        }

        async def up(name: str) -> None:
            resource = self.resources[name]
            limit_s = resource.settings.start_timeout_s
            try:
                async with asyncio.timeout(limit_s) as limit, self._followed(name, limit, limit_s):
                    await prepared[name]
                    await resource.start(situation)
            except TimeoutError as error:
                raise ResourceError(_sentence(name, error) + await _said(resource)) from None

        try:
            await self._each("up", part, up)
        finally:
            for task in prepared.values():
                task.cancel()
            await asyncio.gather(*prepared.values(), return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _followed(
        self, name: str, limit: asyncio.Timeout, limit_s: float
    ) -> AsyncIterator[None]:
        """While a start makes progress, its limit begins again (F77)."""
        task = asyncio.ensure_future(self._follow(name, limit, limit_s))
        try:
            yield
        finally:
            task.cancel()

    async def _follow(self, name: str, limit: asyncio.Timeout, limit_s: float) -> None:
        resource, mark = self.resources[name], None
        loop = asyncio.get_running_loop()
        while isinstance(resource, Progressing):
            await asyncio.sleep(min(FOLLOW_S, limit_s / 4))
            try:
                seen = await resource.progress()
            except (ResourceError, OSError):
                continue
            if seen is None:
                continue
            if mark not in (None, seen.mark) and not limit.expired():
                limit.reschedule(loop.time() + limit_s)
                self.on_progress(f"{name}: {seen.text}")
            mark = seen.mark

    async def _stop(self, part: graph.Graph) -> None:
        async def down(name: str) -> None:
            resource = self._resource(name)
            async with asyncio.timeout(resource.settings.stop_timeout_s):
                await _stopped(resource)

        await self._each("down", graph.reverse(part), down)

    async def _each(
        self, goal: str, part: graph.Graph, work: Callable[[str], Awaitable[None]]
    ) -> None:
        """Work on each resource and measure it, but not on resources that wait for a failed one."""

        async def measured(name: str) -> None:
            began, clock = time.time(), time.monotonic()
            self.states[name] = "unknown"
            await work(name)
            self.states[name] = goal
            kind = self._resource(name).settings.type
            self._history.add(
                f"resource-{goal}",
                f"{self.settings.name}: {name} is {goal}",
                service=self.settings.name,
                data={
                    "resource": name,
                    "type": kind,
                    "began": began,
                    "seconds": round(time.monotonic() - clock, 4),
                },
            )

        failures = await graph.run(part, measured)
        if failures:
            raise Failed("; ".join(_sentence(name, error) for name, error in failures.items()))

    def _resource(self, name: str) -> Resource:
        return self._former.get(name) or self.resources[name]

    async def _measured(self, what: str, generation: int | None, work: Awaitable[None]) -> None:
        began = time.monotonic()
        about: dict[str, Any] = {} if generation is None else {"generation": generation}
        self._say(f"{what}-begin", f"{self.settings.name}: {what} begins", about)
        self._watch(False)
        ok = False
        try:
            await work
            ok = True
        finally:
            about = {**about, "ok": ok, "seconds": round(time.monotonic() - began, 4)}
            outcome = "done" if ok else "failed"
            self._say(f"{what}-end", f"{self.settings.name}: {what} {outcome}", about)
        if what != "stop":
            self._watch(True)

    def _say(self, code: str, text: str, data: dict[str, Any]) -> None:
        self._history.add(code, text, service=self.settings.name, data=data)

    def on_failure(self, report: Callable[[str, str, bool], None]) -> None:
        """Set the function that gets (resource, reason, silent) when a running resource breaks.

        silent: it does not answer at all.
        """
        self._on_failure = report

    def attach(self) -> None:
        """The service was found running after a restart of the daemon: watch it (F31)."""
        self._watch(True)

    async def patrol(self, period_s: float) -> None:
        """Probe the running resources from time to time: a signal may have been missed.

        In maintenance mode people may mend what they broke (F66).
        """
        while True:
            await self._rest(period_s)
            if self._running and not self._turn.locked():
                self._watch_rest()
            for name in self._meant:
                resource = self.resources[name]
                if not self._running or self._turn.locked():
                    break
                # A failed probe does not mean that it is down.
                with contextlib.suppress(ResourceError, OSError, RuntimeError):
                    async with asyncio.timeout(period_s):
                        seen = await resource.probe()
                        if seen is State.DOWN:
                            self.broken(name, "was found down")
                        elif seen is State.UP and not self._turn.locked():
                            self._mended(name)

    def _watch(self, running: bool) -> None:
        self._running = running
        if running:
            self._unwatched = dict.fromkeys(self._meant, "")
            self._watch_rest()
        if running and not self.repaired:
            self.watchers.begin(self._found_failing, self._blind)
        else:
            self.watchers.end()

    def _watch_rest(self) -> None:
        """Retry at each patrol to watch what could not be watched, say without descriptors (F75).

        It runs all the same, and is neither stopped nor moved for it (F31).
        """
        for name, told in list(self._unwatched.items()):
            try:
                self.resources[name].watch(partial(self.broken, name))
            except OSError as error:
                text = f"{name} cannot be watched yet: {trouble.reason(error)}"
                if text != told:
                    self._unwatched[name] = text
                    self._say("not-watched", f"{self.settings.name}: {text}", {})
            else:
                del self._unwatched[name]

    def _found_failing(self, name: str, reason: str) -> None:
        """A check says so."""
        self._failing(name, reason, silent=self.watchers.silent(name))

    def _blind(self, name: str, why: str) -> None:
        """Report an application that cannot be checked; that is not its failure (F75)."""
        text = f"{self.settings.name}: {name} {why or 'can be checked again'}"
        code = "check-blind" if why else "check-back"
        self._history.add(code, text, alert=bool(why), service=self.settings.name)

    def broken(self, name: str, reason: str) -> None:
        """A running resource was found broken; reported while no operation is under way."""
        if self._running and not self._turn.locked():
            self.states[name] = "down"
            self._failing(name, reason)

    def _mended(self, name: str) -> None:
        """It is up. If it was down, then not by an operation of this daemon: watch it anew.

        A watch may tell only once.
        """
        if not self._running or self.states[name] != State.DOWN.value:
            return
        self.states[name] = State.UP.value
        self._unwatched[name] = ""
        self._watch_rest()
        if all(self.states[part] == State.UP.value for part in self._meant):
            self._say("mended", f"{self.settings.name}: {name} is up again, all of it is up", {})

    def _failing(self, name: str, reason: str, *, silent: bool = False) -> None:
        """It does not serve, whether it is up or down (F51)."""
        if self._running and not self._turn.locked() and self._on_failure is not None:
            self._on_failure(name, reason, silent)

    def close(self) -> None:
        """The daemon ends; the service stays as it is."""
        self.watchers.end()
        for resource in (*self.resources.values(), *self._former.values()):
            resource.close()


async def _stopped(resource: Resource) -> None:
    """Stop it. If this daemon lacks the means for a moment, try again (F75, F47)."""
    while True:
        try:
            await resource.stop()
        except Exception as error:
            if not trouble.own(error):
                raise
        else:
            return
        await asyncio.sleep(AGAIN_S)


async def _said(resource: Resource) -> str:
    """The last words of an application that was too late, as the end of a sentence."""
    words = ""
    if isinstance(resource, Speaking):
        with contextlib.suppress(ResourceError, OSError, TimeoutError):
            async with asyncio.timeout(SAID_S):
                words = await resource.last_words()
    return f"; its last message: {words}" if words else ""


def _sentence(name: str, error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"{name} was not done in time"
    if isinstance(error, ResourceError):
        return str(error)
    return f"{name}: {type(error).__name__}: {error}"
