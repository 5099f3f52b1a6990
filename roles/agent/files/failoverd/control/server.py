# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's side of the control socket: one JSON line asked, one JSON line answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

SOCKET = "control.sock"
MAX_LINE = 64 * 1024
MAX_CLIENTS = 64

Answer = Callable[[dict[str, Any], int], Awaitable[dict[str, Any]]]
"""Takes the request and the client's uid; cancelled when the client goes away."""


class ControlServer:
    """Listens for root's tools. A client that goes away cancels its own request only."""

    def __init__(self, directory: Path, answer: Answer) -> None:
        self._path = directory / SOCKET
        self._answer = answer
        self._server: asyncio.AbstractServer | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen; the daemon's lock guarantees that a socket left behind is nobody's."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._client, str(self._path), limit=MAX_LINE
            )
        finally:
            os.umask(mask)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= MAX_CLIENTS:
            writer.close()
            return
        self._clients.add(task)
        try:
            with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            self._clients.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        request = json.loads(line)
        if not isinstance(request, dict):
            return
        uid = _uid(writer.get_extra_info("socket"))
        work = asyncio.ensure_future(self._answer(request, uid))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                return
            writer.write(json.dumps(work.result()).encode() + b"\n")
            await writer.drain()
        finally:
            gone.cancel()
            work.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
        for task in self._clients:
            task.cancel()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()


def _uid(connection: socket.socket) -> int:
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int(struct.unpack("iII", data)[1])
