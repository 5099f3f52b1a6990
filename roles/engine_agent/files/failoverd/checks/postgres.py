# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of PostgreSQL's protocol 3 for one question, so that no driver is needed.

Source: the chapter "Frontend/Backend Protocol" of PostgreSQL's documentation.
"""

from __future__ import annotations

import asyncio
import socket
import struct

PROTOCOL = 3 << 16
LONGEST = 1 << 20
AUTHENTICATION, ERROR, READY = b"R", b"E", b"Z"
LOGGED_IN = 0


class ServerError(Exception):
    """The server answered with an error. code: its SQLSTATE. last: it closes the connection."""

    def __init__(self, code: str, text: str, last: bool = True) -> None:
        super().__init__(text)
        self.code = code
        self.last = last


class PasswordWanted(Exception):
    """The server wants a password for this account."""


class Session:
    """A session over a connected socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, connection: socket.socket, parameters: dict[str, str]) -> Session:
        """Log in; raises ServerError, PasswordWanted, OSError or asyncio.IncompleteReadError."""
        try:
            session = cls(*await asyncio.open_unix_connection(sock=connection))
        except BaseException:
            connection.close()
            raise
        try:
            words = "".join(f"{key}\0{value}\0" for key, value in parameters.items()) + "\0"
            body = struct.pack("!I", PROTOCOL) + words.encode()
            session._writer.write(struct.pack("!I", len(body) + 4) + body)
            await session._until_ready()
        except BaseException:
            session.close()
            raise
        return session

    async def ask(self, query: str) -> None:
        """Run one statement to its end; raises the same errors as open()."""
        body = query.encode() + b"\0"
        self._writer.write(b"Q" + struct.pack("!I", len(body) + 4) + body)
        await self._until_ready()

    async def _until_ready(self) -> None:
        """Read until the server waits for the next statement; raises ServerError at the end."""
        problem: ServerError | None = None
        await self._writer.drain()
        while True:
            kind, body = await self._message()
            if kind == READY:
                break
            if kind == AUTHENTICATION and struct.unpack("!I", body[:4])[0] != LOGGED_IN:
                raise PasswordWanted
            if kind == ERROR:
                problem = _error(body)
                if problem.last:
                    break
        if problem is not None:
            raise problem

    async def _message(self) -> tuple[bytes, bytes]:
        head = await self._reader.readexactly(5)
        size = struct.unpack("!I", head[1:])[0] - 4
        if not 0 <= size <= LONGEST:
            raise ServerError("08P01", "the answer is not that of a PostgreSQL server")
        return head[:1], await self._reader.readexactly(size)

    def close(self) -> None:
        """Say goodbye without waiting for an answer."""
        if not self._writer.is_closing():
            self._writer.write(b"X\0\0\0\4")
            self._writer.transport.abort()


def _error(body: bytes) -> ServerError:
    """The fields of an ErrorResponse: a letter, then a text that ends with a zero byte."""
    fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
    text = fields.get(b"M", "an error without a text")
    return ServerError(fields.get(b"C", ""), text, fields.get(b"V") != "ERROR")
