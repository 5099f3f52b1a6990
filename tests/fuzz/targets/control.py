# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the control socket."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

from failoverd.control.pending import Pending
from failoverd.control.requests import Requests
from failoverd.control.server import ControlServer
from failoverd.core import step as core
from failoverd.core.actions import AnswerHandler, Reply
from failoverd.core.events import Command, Event, HandlerAsked
from tests.fuzz.samples import pair
from tests.fuzz.target import Target

LOOP = asyncio.new_event_loop()
PAIR = pair()


class Desk:
    """Has the core decide on what is asked, and answers what it says at once."""

    def __init__(self) -> None:
        self.pending = Pending()

    def post(self, event: Event) -> None:
        """One step of a core that begins as it was."""
        _state, actions = core.step(PAIR.a.state, event, PAIR.a.now)
        for action in actions:
            if isinstance(action, Reply):
                self.pending.answer(action.request, {"ok": action.ok, "text": action.text})
            elif isinstance(action, AnswerHandler):
                self.pending.answer(action.request, {"code": action.code})
        if isinstance(event, Command | HandlerAsked):
            self.pending.answer(event.request, {"ok": True, "text": "later"})


async def _look(_service: str) -> None:
    return None


async def _notify(name: str) -> dict[str, Any]:
    return {"ok": True, "text": name}


def _requests() -> Requests:
    desk = Desk()
    services: Any = {}
    return Requests(
        services,
        desk.pending,
        desk.post,
        lambda: {"services": []},
        _look,
        lambda: PAIR.a.state,
        _notify,
        _notify,
    )


def run(data: bytes) -> bool:
    """One connection: one answer or none, and nothing is left for the loop to complain of."""
    return LOOP.run_until_complete(_run(data))


async def _run(data: bytes) -> bool:
    complaints: list[str] = []
    LOOP.set_exception_handler(lambda loop, context: complaints.append(str(context)))
    server = ControlServer(Path("/nowhere"), _requests().answer)
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(data[:100_000])
        ours.shutdown(socket.SHUT_WR) if len(data) % 2 else ours.sendall(b"\n")
        reader, writer = await asyncio.open_unix_connection(sock=theirs, limit=65536)
        work = asyncio.ensure_future(server._client(reader, writer))
        await work
        ours.settimeout(5)
        answer = b""
        while part := ours.recv(65536):
            answer += part
    if answer:
        json.loads(answer)
    assert not complaints, complaints
    return bool(answer)


def _command(**more: Any) -> bytes:
    return json.dumps({"op": "command", "who": "anna", **more}).encode()


SAMPLES = [
    b'{"op":"status"}',
    b'{"op":"state"}',
    b'{"op":"notify-test","name":"mail"}',
    b'{"op":"fence-peer","resource":"shop"}',
    _command(verb="switchover", argument="shop", to="b"),
    _command(verb="confirm-fenced", argument="b"),
    _command(verb="maintenance", argument="on"),
    _command(verb="standby", argument="a"),
    _command(verb="handover", argument="", shutdown=True),
    _command(verb="clear", argument="shop"),
]
TARGET = Target("control", SAMPLES, run)
