# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the control socket. Standard library only, for a fast start."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time

from failoverd.formats.strictjson import JsonError, loads

TYPE_CHECKING = False
"""The module typing itself takes as long to load as all that is needed here."""
if TYPE_CHECKING:
    from typing import Any

DIRECTORY = "/run/failoverd"
CONNECT_S = 10.0
MAX_ANSWER = 16 << 20


class NotRunning(Exception):
    """The daemon cannot be reached; str() names the socket."""


def ask(request: dict[str, Any], timeout_s: float | None = 30.0) -> dict[str, Any]:
    """Send one request and wait for its answer; raises NotRunning, TimeoutError."""
    path = f"{os.environ.get('FAILOVERD_RUN', DIRECTORY)}/control.sock"
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        try:
            _connect(connection, path)
        except OSError as error:
            raise NotRunning(f"failoverd does not answer at {path}: {error.strerror}") from None
        connection.settimeout(timeout_s)
        with contextlib.suppress(ConnectionError):  # a daemon that refuses the connection tells why
            connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as stream:
            try:
                line = stream.readline(MAX_ANSWER)
            except ConnectionError:
                line = b""
    if not line:
        raise NotRunning("failoverd ended the connection without an answer")
    try:
        answer = loads(line, halves=True)
    except JsonError:
        answer = None
    if not isinstance(answer, dict):
        raise NotRunning("failoverd gave an invalid answer")
    return answer


def _connect(connection: socket.socket, path: str) -> None:
    """Connect. While too many clients wait, the kernel refuses for a moment: try again."""
    connection.settimeout(CONNECT_S)
    until = time.monotonic() + CONNECT_S
    while True:
        try:
            return connection.connect(path)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
