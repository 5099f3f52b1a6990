# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the status of the cluster to programs that may not ask Pacemaker, such as the page.

/usr/bin/python3 -IS telling.py. systemd opens the socket and starts this with the first client. Who
connects gets one line of JSON. Nothing is read from a client, so it can order nothing. While nobody
asks, nobody is asked: the process ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

HERE = os.path.realpath(__file__).rpartition("/")[0]
sys.path[:] = [HERE, *sys.path]

import asking  # noqa: E402
from ansible_collections.failover.cluster.plugins.module_utils._engines import (  # noqa: E402
    _pacemaker_past,
)

from failoverd.control.client import NotRunning  # noqa: E402

FIRST = 3
"""The descriptor that systemd hands over."""
LOOK_S = 2.0
"""Pause between two questions to the tools."""
REST_S = 20.0
"""So old may be what is asked again only if the cluster has changed."""
OLD_S = 15.0
"""An older answer is none."""
WAIT_S = 2.0
"""The first client waits so long for the first answer."""
SEND_S = 2.0
PAUSE_S = 0.1
"""Pause between two clients, so that a flood costs little."""
IDLE_S = 60.0
SHADOW = "CIB_shadow_dir"
"""Where crm_simulate puts its copy of the configuration; this unit has a /tmp of its own."""
SLOW = "the tools of Pacemaker do not answer"
Answer = dict[str, Any]


class Looking:
    """Asks the tools again and again, and has the last answer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._line = b""
        self._at = float("-inf")
        self._first = threading.Event()
        self._status: dict[str, Any] = {}
        self._rest = asking.Rest()
        self._rest_at = float("-inf")

    def run(self) -> None:
        """Never ends."""
        while True:
            self.look()
            time.sleep(LOOK_S)

    def look(self) -> None:
        """Ask once."""
        try:
            answer = self._asked()
        except NotRunning as error:
            answer = {"error": str(error)}
        except TimeoutError:
            answer = {"error": f"{SLOW} within {asking.LIMIT_S:g} s."}
        except Exception as error:
            answer = {"error": f"the status cannot be read: {type(error).__name__}: {error}"}
        self._line, self._at = _line(answer), self._clock()
        self._first.set()

    def _asked(self) -> Answer:
        answer, status = asking.cluster()
        if status != self._status or self._clock() >= self._rest_at + REST_S:
            self._rest, self._rest_at = asking.rest(status), self._clock()
            self._status = status
        told = asking.told(answer, status, self._rest)
        return {"status": told, "events": _pacemaker_past.events(answer)}

    def line(self) -> bytes:
        """The last answer, unless it is too old."""
        self._first.wait(WAIT_S)
        age = self._clock() - self._at
        if age <= OLD_S:
            return self._line
        return _line({"error": f"{SLOW} for {age:.0f} s." if self._line else f"{SLOW} yet."})


def _line(answer: Answer) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def tell(listening: socket.socket, line: Callable[[], bytes]) -> None:
    """Answer who connects; returns when nobody has come for a while."""
    listening.settimeout(IDLE_S)
    while True:
        try:
            connection, _address = listening.accept()
        except TimeoutError:
            return
        with connection, contextlib.suppress(OSError):
            connection.settimeout(SEND_S)
            connection.sendall(line())
        time.sleep(PAUSE_S)


def main() -> None:
    """Serve the socket of systemd."""
    os.environ[SHADOW] = "/tmp"
    looking = Looking()
    threading.Thread(target=looking.run, daemon=True).start()
    with socket.socket(fileno=FIRST) as listening:
        tell(listening, looking.line)


if __name__ == "__main__":
    main()
