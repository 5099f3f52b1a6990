# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status for programs without privileges, such as the page and the metrics.

Who connects gets one line of JSON. Nothing is read from the client, so it cannot order anything.
The permissions of the directory say who may connect: without the directory there is no socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

SOCKET = "status.sock"
LOOK_S = 2.0
"""Pause between two looks whether the directory is there."""
PAUSE_S = 0.1
"""Pause between two clients, so that a flood costs the daemon ten answers a second at most."""
FRESH_S = 0.5
"""An answer is given to several clients for so long."""
SEND_S = 2.0
"""A client has to read its answer within this time."""
BACKLOG = 8


def directory_of(run: Path) -> Path:
    """The directory of the socket: it lies beside the daemon's own, which is for root alone."""
    return run.with_name(f"{run.name}-page")


class StatusSocket:
    """Listens while the directory exists. All that a client can do is to wait for the answer."""

    def __init__(self, directory: Path, answer: Callable[[], dict[str, Any]]) -> None:
        self._directory = directory
        self._path = directory / SOCKET
        self._answer = answer
        self._listening: socket.socket | None = None
        self._inode = 0
        self._line = b""
        self._made_at = float("-inf")
        self._sending: set[asyncio.Task[None]] = set()
        self.problem = ""
        """Why there is no socket although there is a directory, empty if all is well."""

    async def run(self) -> None:
        """Listen while the directory is there. It never ends."""
        try:
            while True:
                self._look()
                await asyncio.sleep(LOOK_S)
        finally:
            self.close()

    def _look(self) -> None:
        if self._listening is not None and _inode(self._path) == self._inode:
            return
        self.close()
        try:
            found = self._directory.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                raise PermissionError(0, "it is not a directory of the daemon's user")
            if found.st_mode & 0o022:
                raise PermissionError(0, "others may write into it")
            self._open()
            self.problem = ""
        except FileNotFoundError:
            self.problem = ""
        except OSError as error:
            self.close()
            self.problem = f"no status socket in {self._directory}: {error.strerror}"

    def _open(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listening.bind(str(self._path))
        self._path.chmod(0o666)
        self._listening.listen(BACKLOG)
        self._inode = _inode(self._path)
        self._wait()

    def close(self) -> None:
        """Stop listening, and remove the socket."""
        for task in self._sending:
            task.cancel()
        if self._listening is None:
            return
        asyncio.get_running_loop().remove_reader(self._listening)
        self._listening.close()
        self._listening = None
        if _inode(self._path) == self._inode:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _wait(self) -> None:
        """Take the next client when it comes."""
        if self._listening is not None:
            asyncio.get_running_loop().add_reader(self._listening, self._client)

    def _client(self) -> None:
        assert self._listening is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening)
        loop.call_later(PAUSE_S, self._wait)
        try:
            connection, _address = self._listening.accept()
        except OSError:  # it went away, or this process has no descriptor left (F75)
            return
        connection.setblocking(False)
        task = loop.create_task(self._send(connection))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(SEND_S):
                await asyncio.get_running_loop().sock_sendall(connection, self._fresh())

    def _fresh(self) -> bytes:
        now = asyncio.get_running_loop().time()
        if now >= self._made_at + FRESH_S:
            self._line, self._made_at = _line(self._answer), now
        return self._line


def _line(answer: Callable[[], dict[str, Any]]) -> bytes:
    try:
        said = answer()
    except Exception as error:
        said = {"ok": False, "text": f"internal error: {type(error).__name__}: {error}"}
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def _inode(path: Path) -> int:
    try:
        return path.lstat().st_ino
    except OSError:
        return 0
