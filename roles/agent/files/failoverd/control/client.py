# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools' side of the control socket. Standard library only: these start often."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

DIRECTORY = "/run/failoverd"


class NotRunning(Exception):
    """The daemon cannot be reached; str() says where it was looked for."""


def ask(request: dict[str, Any], timeout_s: float | None = 30.0) -> dict[str, Any]:
    """Send one request and wait for its answer; raises NotRunning, TimeoutError."""
    path = f"{os.environ.get('FAILOVERD_RUN', DIRECTORY)}/control.sock"
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    with connection:
        try:
            connection.connect(path)
        except OSError as error:
            raise NotRunning(f"failoverd does not answer at {path}: {error.strerror}") from None
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as stream:
            line = stream.readline()
    if not line:
        raise NotRunning("failoverd ended the connection without an answer")
    answer = json.loads(line)
    if not isinstance(answer, dict):
        raise NotRunning("failoverd gave no proper answer")
    return answer
