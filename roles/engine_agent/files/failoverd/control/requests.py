# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers the requests of the control socket: status, commands, DRBD's handler."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from failoverd.core.events import Command, Event, HandlerAsked, HandlerGone, Verb
from failoverd.core.state import State
from failoverd.formats.codec import to_json
from failoverd.journal.lines import core_digest
from failoverd.resources.base import ResourceError
from failoverd.resources.service import Service

from .pending import Pending


class Requests:
    """One method per kind of request; each waits for the answer of the core."""

    def __init__(
        self,
        services: dict[str, Service],
        pending: Pending,
        post: Callable[[Event], None],
        status: Callable[[], dict[str, Any]],
        look: Callable[[str], Awaitable[None]],
        state: Callable[[], State],
        notify_test: Callable[[str], Awaitable[dict[str, Any]]],
        ready: Callable[[str], Awaitable[dict[str, Any]]],
    ) -> None:
        self._services = services
        self._pending = pending
        self._post = post
        self._status = status
        self._look = look
        self._state = state
        self._notify_test = notify_test
        self._ready = ready
        self.shutdown = False
        """The handover under way belongs to a shutdown of the host (F61)."""

    async def answer(self, request: dict[str, Any], uid: int) -> dict[str, Any]:
        """Answer one request; a client that goes away cancels this."""
        kind = request.get("op")
        if kind == "status":
            return {"ok": True, "status": self._status()}
        if kind == "state":
            return self._saved()
        if kind == "notify-test":
            return await self._notify_test(str(request.get("name", "")))
        if kind == "ready":
            return await self._ready(str(request.get("service", "")))
        if kind == "command":
            return await self._command(request, uid)
        if kind == "fence-peer":
            return await self._handler(str(request.get("resource", "")))
        return {"ok": False, "text": f"unknown request {kind!r}"}

    def _saved(self) -> dict[str, Any]:
        """The state of the core, for failoverctl whatif. Changes nothing."""
        now = asyncio.get_running_loop().time()
        state = to_json(self._state())
        return {"ok": True, "format": 1, "core": core_digest(), "now": now, "state": state}

    async def _command(self, request: dict[str, Any], uid: int) -> dict[str, Any]:
        try:
            verb = Verb(request.get("verb"))
        except ValueError:
            return {"ok": False, "text": f"unknown command {request.get('verb')!r}"}
        words = {name: str(request.get(name, ""))[:200] for name in ("argument", "who", "to")}
        who = words["who"] or "root"
        if verb is Verb.HANDOVER:
            self.shutdown = bool(request.get("shutdown"))
        number, future = self._pending.open()
        try:
            self._post(Command(number, verb, words["argument"], f"{who} (uid {uid})", words["to"]))
            answer = await future
        finally:
            self._pending.drop(number)
        if verb is Verb.HANDOVER and self.shutdown and answer.get("ok"):
            await self._part()
        return answer

    async def _part(self) -> None:
        """The host goes down: leave the replication before the network disappears."""
        for service in self._services.values():
            if service.drbd is not None:
                with contextlib.suppress(ResourceError):
                    await service.drbd.leave()

    async def _handler(self, resource: str) -> dict[str, Any]:
        """DRBD froze the I/O of a resource; code is the exit status for its handler."""
        disks = {s.drbd.options.resource: n for n, s in self._services.items() if s.drbd}
        name = disks.get(resource)
        if name is None:
            return {"code": 1, "text": f"no service has the drbd resource {resource!r}"}
        # The handler may have started late: the link can be back by now (F37).
        await self._look(name)
        number, future = self._pending.open()
        answered = False
        try:
            self._post(HandlerAsked(number, name))
            answer = await future
            answered = True
            return answer
        finally:
            self._pending.drop(number)
            if not answered:
                with contextlib.suppress(RuntimeError):
                    self._post(HandlerGone(number))
