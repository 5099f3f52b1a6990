# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the status of Pacemaker's cluster to the status page of the node.

/usr/bin/python3 -IS tell.py, started by systemd for the first client of a socket. Each client gets
one line and is asked nothing, so whoever reaches the socket can order nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable

HERE = os.path.realpath(__file__).rpartition("/")[0]
sys.path[:] = [HERE, *sys.path]

import failoverctl  # noqa: E402

from failoverd.control.client import NotRunning  # noqa: E402

FRESH_S = 5.0
"""Pacemaker's tools are asked no more often, whoever asks here."""
IDLE_S = 60.0
"""After so long without a client the process ends. systemd starts it for the next one."""
LIFE_S = 600.0
"""After so long it ends, too, so that new code of it is soon in use."""
SEND_S = 2.0
PASSED = 3
"""The socket, as systemd passes it."""


def answer() -> bytes:
    """One line: the status, or why there is none."""
    try:
        told: dict[str, object] = {"status": failoverctl.status()}
    except NotRunning as error:
        told = {"error": str(error)}
    except TimeoutError:
        told = {"error": "Pacemaker's tools on this node do not answer."}
    return json.dumps(told).encode() + b"\n"


def serve(
    listening: socket.socket,
    ask: Callable[[], bytes] = answer,
    clock: Callable[[], float] = time.monotonic,
    idle_s: float = IDLE_S,
) -> None:
    """Answer every client, until none comes for a while or this process is old."""
    listening.settimeout(idle_s)
    line, until, end = b"", float("-inf"), clock() + LIFE_S
    while clock() < end:
        try:
            client, _address = listening.accept()
        except TimeoutError:
            return
        with client, contextlib.suppress(OSError):
            if clock() >= until:
                line = ask()
                until = clock() + FRESH_S
            client.settimeout(SEND_S)
            client.sendall(line)


if __name__ == "__main__":
    serve(socket.socket(fileno=PASSED))
