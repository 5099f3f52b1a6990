# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request and one answer over a UNIX socket, between the tools and processes of the lab.

A request is one JSON object on one line, so is the answer. Errors come back as
``{"error": "sentence"}`` and are raised as LabError on the asking side.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.errors import LabError

LIMIT = 65536  # bytes of one request or answer


@contextlib.contextmanager
def _short_path(path: Path) -> Any:
    """A name of ``path`` that fits into sockaddr_un (108 bytes), however deep it lies."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def listen(path: Path) -> socket.socket:
    """A listening socket at ``path``, readable by its owner only."""
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    with _short_path(path) as short:
        server.bind(short)
    path.chmod(0o600)
    server.listen(16)
    return server


def ask(path: Path, request: dict[str, Any], timeout: float = 10.0) -> dict[str, Any]:
    """Send ``request`` and return the answer.

    :raises LabError: nobody answers within ``timeout`` seconds, or the answer is an error.
    """
    what = f"{path.stem} does not answer"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(timeout)
            with _short_path(path) as short:
                client.connect(short)
            client.sendall(json.dumps(request).encode() + b"\n")
            answer = _read_line(client)
    except OSError as error:
        raise LabError(f"{what}: {error.strerror or error}") from error
    if "error" in answer:
        raise LabError(str(answer["error"]))
    return answer


def serve_one(server: socket.socket, handle: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Accept one connection and answer its request; a bad client harms no others."""
    try:
        connection, _address = server.accept()
    except OSError:
        return
    with connection:
        connection.settimeout(2.0)
        try:
            request = _read_line(connection)
            try:
                answer = handle(request)
            except LabError as error:
                answer = {"error": str(error)}
            connection.sendall(json.dumps(answer).encode() + b"\n")
        except (OSError, LabError):
            return


def _read_line(connection: socket.socket) -> dict[str, Any]:
    data = b""
    while not data.endswith(b"\n"):
        piece = connection.recv(4096)
        if not piece or len(data) > LIMIT:
            raise LabError("the other side closed the connection")
        data += piece
    value = json.loads(data)
    if not isinstance(value, dict):
        raise LabError("a request is a JSON object")
    return value
