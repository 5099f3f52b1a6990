# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of the control socket: one JSON line as request, one as answer."""

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

from failoverd.formats.strictjson import loads

SOCKET = "control.sock"
MAX_LINE = 64 * 1024
READ_S = 5.0
"""A client has to send its request within this time."""
WRITE_S = 10.0
"""A client has to read the answer within this time."""
MAX_SILENT = 32
"""Connections without a request. If there are more, the oldest is closed for a new one."""
GRACE_S = 0.2
"""A connection is not closed before this time, in which clients of a crowd get their turn."""
MAX_CROWD = 256
"""A larger crowd within that time is refused. DRBD's handler tries again and again."""
BACKLOG = 512
MAX_ASKING = 64
"""Requests under way. DRBD's handler is exempt, because a frozen disk waits for it (F36)."""
CROWDED = "too many clients ask failoverd at once: ask again in a moment"
URGENT = "fence-peer"
MAX_URGENT = 256

Answer = Callable[[dict[str, Any], int], Awaitable[dict[str, Any]]]
"""Takes the request and the uid of the client; cancelled if the client goes away."""


class ControlServer:
    """Listens for tools of root. A client that goes away cancels only its own request."""

    def __init__(self, directory: Path, answer: Answer, read_s: float = READ_S) -> None:
        self._path = directory / SOCKET
        self._answer = answer
        self._read_s = read_s
        self._server: asyncio.AbstractServer | None = None
        self._silent: dict[asyncio.Task[None], float] = {}
        """Their times; oldest first."""
        self._crowded: set[asyncio.Task[None]] = set()
        """Connections that were closed for others."""
        self._asking: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen. The lock of the daemon guarantees that nobody uses an old socket."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._client, str(self._path), limit=MAX_LINE, backlog=BACKLOG
            )
        finally:
            os.umask(mask)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if not self._room():
            # No wait: so short a line fits into every socket.
            writer.write(_line({"ok": False, "text": CROWDED}))
            writer.close()
            return
        self._silent[task] = asyncio.get_running_loop().time()
        try:
            with contextlib.suppress(OSError, ValueError, TimeoutError):
                await self._serve(task, reader, writer)
        except asyncio.CancelledError:
            # It was closed for another connection, or the daemon ends.
            if task in self._crowded:
                writer.write(_line({"ok": False, "text": CROWDED}))
        finally:
            self._silent.pop(task, None)
            self._asking.discard(task)
            self._crowded.discard(task)
            if writer.transport.get_write_buffer_size():
                # close() would wait for a client that reads nothing.
                writer.transport.abort()
            writer.close()

    def _room(self) -> bool:
        """Whether there is room for one more connection without a request."""
        now = asyncio.get_running_loop().time()
        for task, since in list(self._silent.items()):
            if len(self._silent) < MAX_SILENT or now - since < GRACE_S:
                break
            del self._silent[task]
            self._crowded.add(task)
            task.cancel()
        return len(self._silent) < MAX_CROWD

    async def _serve(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with asyncio.timeout(self._read_s):
            request = loads(await reader.readline())
        if not isinstance(request, dict):
            return
        self._silent.pop(task, None)
        most = MAX_URGENT if request.get("op") == URGENT else MAX_ASKING
        if len(self._asking) >= most:
            text = f"{len(self._asking)} requests are under way: ask again when one has ended"
            return await _write(writer, {"ok": False, "text": text})
        self._asking.add(task)
        uid = _uid(writer.get_extra_info("socket"))
        work = asyncio.ensure_future(self._answer(request, uid))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await _write(writer, _result(work))
        finally:
            gone.cancel()
            work.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
        for task in [*self._silent, *self._asking]:
            task.cancel()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()


def _result(work: asyncio.Future[dict[str, Any]]) -> dict[str, Any]:
    """The answer; an internal error is sent to the client."""
    try:
        return work.result()
    except Exception as error:
        return {"ok": False, "text": f"internal error: {type(error).__name__}: {error}"}


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


async def _write(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(_line(answer))
    async with asyncio.timeout(WRITE_S):
        await writer.drain()


def _uid(connection: socket.socket) -> int:
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int(struct.unpack("iII", data)[1])
