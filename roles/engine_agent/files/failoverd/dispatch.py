# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out the actions of the core, and turns their results into events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from .core.actions import (
    Action,
    AnswerHandler,
    DropPeer,
    Fence,
    KeepCut,
    KeepLife,
    KeepModes,
    KeepSplit,
    Leave,
    Level,
    Note,
    Outdate,
    Own,
    Pet,
    Probe,
    ProbeAddresses,
    Recover,
    Reply,
    ResumeIO,
    Send,
    Start,
    Stop,
)
from .core.events import AddressesProbed, Event, FenceDone, Found, OpDone, OpProgress, Power, Probed
from .core.message import Message
from .fencing.devices import Devices
from .journal.history import History
from .persistence.lives import Lives
from .persistence.store import Store
from .resources.service import Failed, Service
from .resources.virtual_ip import who_answers
from .system import trouble

ASK_AGAIN_S = 2.0


class Look(Protocol):
    """Reads the state of the disk of a service, and posts it if it changed, or always."""

    async def __call__(self, service: str, *, always: bool = False) -> None: ...


class Dispatcher:
    """One method per kind of action. Long ones run as tasks and post an event at their end."""

    def __init__(
        self,
        services: dict[str, Service],
        devices: Devices,
        store: Store,
        lives: Lives,
        history: History,
        send: Callable[[Message], None],
        pet: Callable[[], None] = lambda: None,
        answer: Callable[[int, dict[str, Any]], None] = lambda number, answer: None,
    ) -> None:
        self._services = services
        self._devices = devices
        self._store = store
        self._lives = lives
        self._history = history
        self._send = send
        self._tasks: set[asyncio.Task[None]] = set()
        self.post: Callable[[Event], None] = lambda event: None
        self.on_leave: Callable[[], None] = lambda: None
        self.on_doubt: Callable[[], None] = lambda: None
        """The service network is looked at: ask the ping targets now."""
        self.look: Look | None = None
        """Reads the disk of a service at once, so that the core decides on its present state."""
        self._methods: dict[type, Callable[[Any], None]] = {
            Send: lambda a: self._send(a.message),
            Note: self._note,
            Own: lambda a: self._store.own(a.service, a.held, a.generation, a.repair),
            KeepModes: lambda a: self._store.keep(a.modes),
            KeepCut: lambda a: self._store.keep_cut(a.level),
            KeepSplit: lambda a: self._store.keep_split(a.service, split=a.split),
            KeepLife: lambda a: self._lives.keep(a.incarnation),
            Reply: lambda a: answer(a.request, {"ok": a.ok, "text": a.text}),
            AnswerHandler: lambda a: answer(a.request, {"code": a.code}),
            Leave: lambda a: self.on_leave(),
            Pet: lambda a: pet(),
            ProbeAddresses: lambda a: self._spawn(self._addresses(a)),
            Probe: lambda a: self._spawn(self._probe(a)),
            Start: lambda a: self._spawn(self._operate(a)),
            Stop: lambda a: self._spawn(self._operate(a)),
            Recover: lambda a: self._spawn(self._operate(a)),
            Fence: lambda a: self._spawn(self._fence(a)),
            Outdate: lambda a: self._spawn(self._disk(a.service, "outdate")),
            ResumeIO: lambda a: self._spawn(self._disk(a.service, "resume_io")),
            DropPeer: lambda a: self._spawn(self._disk(a.service, "drop_peer")),
        }

    def perform(self, action: Action) -> None:
        """Begin the action; quick ones are done on return. Never raises."""
        try:
            self._methods[type(action)](action)
        except Exception as error:
            # The next actions must still be carried out.
            text = f"{type(action).__name__}: {type(error).__name__}: {error}"
            self._history.add("internal-error", text, alert=True)

    def _note(self, note: Note) -> None:
        alert = note.level is Level.ALERT
        self._history.add(note.code, note.text, alert=alert, service=note.service)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            text = f"an action failed: {type(error).__name__}: {error}"
            self._history.add("order-failed", text, alert=True)

    async def _probe(self, action: Probe) -> None:
        service = self._services[action.service]
        repair = self._store.repair(action.service)
        try:
            service.mean(repair=repair)
            found, detail = await self._look_at(action)
        except Exception as error:
            found, detail = Found.PARTIAL, f"the probe failed: {error}"
        mine = self._store.held(action.service)
        if found is Found.RUNNING and mine:
            service.attach()
        generation = self._store.generation(action.service)
        self.post(Probed(action.service, action.op, found, mine, detail, generation, repair))

    async def _look_at(self, action: Probe) -> tuple[Found, str]:
        """Ask again while this daemon lacks the means: until then it has found nothing (F75)."""
        told, name = False, action.service
        service = self._services[name]
        service.on_progress = lambda text: self.post(OpProgress(name, action.op, text))
        while True:
            try:
                return await service.probe()
            except Exception as error:
                if not trouble.own(error):
                    raise
                text = f"cannot be asked for its state: {trouble.reason(error)}"
                if not told:
                    self._history.add("probe-blind", f"{name} {text}", alert=True, service=name)
                told = True
                self.post(OpProgress(name, action.op, text))
            await asyncio.sleep(ASK_AGAIN_S)

    async def _operate(self, action: Start | Stop | Recover) -> None:
        service = self._services[action.service]
        ok, reason = False, ""
        service.on_progress = lambda text: self.post(OpProgress(action.service, action.op, text))
        try:
            if isinstance(action, Start):
                await service.start(action.generation, action.peer_gone, repair=action.repair)
            elif isinstance(action, Stop):
                await service.stop(action.urgent, planned=action.planned)
            else:
                await service.recover(action.resource, action.urgent)
            ok = True
        except Failed as error:
            reason = str(error)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        await self._see_disk(action.service)
        self.post(OpDone(action.service, action.op, ok, reason))

    async def _fence(self, action: Fence) -> None:
        try:
            power, detail = await self._devices.perform(action.level, action.ask)
        except Exception as error:
            power, detail = Power.UNKNOWN, f"{type(error).__name__}: {error}"
        self.post(FenceDone(action.op, power, detail))

    async def _addresses(self, action: ProbeAddresses) -> None:
        """If the probe fails, the addresses count as answered: silence has to be proved."""
        self.on_doubt()
        resources = [r for s in self._services.values() for r in s.resources.values()]
        try:
            answered = await who_answers(resources)
        except Exception as error:
            answered = f"{type(error).__name__}: {error}"
        self.post(AddressesProbed(action.op, answered))

    async def _disk(self, service: str, verb: str) -> None:
        """The core sees the result in the state of the disk."""
        drbd = self._services[service].drbd
        if drbd is not None:
            await getattr(drbd, verb)()
            await self._see_disk(service)

    async def _see_disk(self, service: str) -> None:
        """The core must get the result of an operation even if its disk cannot be read."""
        with contextlib.suppress(Exception):
            if self.look is not None and self._services[service].drbd is not None:
                await self.look(service, always=True)

    async def close(self) -> None:
        """Leave the services running. The next life probes them (F31)."""
        for task in list(self._tasks):
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await asyncio.gather(*self._tasks, return_exceptions=True)
