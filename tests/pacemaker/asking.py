# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that asks a small resource of a service all the time."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.pacemaker import room

PORT = 8080
UNIT = f"""[Service]
ExecStart=/usr/bin/python3 -m http.server {PORT} --directory /usr/share/doc/corosync
"""
NAME = "asked"
PAUSE_S = 0.1
PATIENCE_S = 10.0


def install(node: str) -> None:
    """The unit that answers; the cluster starts it."""
    room.put(node, f"/etc/systemd/system/{NAME}.service", UNIT, "0644")
    room.inside(node, "systemctl", "daemon-reload")


class Client:
    """Counts the answers, and keeps what was no answer."""

    def __init__(self, address: str) -> None:
        self.answers = 0
        self.failures: list[str] = []
        self._url = f"http://{address}:{PORT}/"
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(PAUSE_S):
            try:
                with urllib.request.urlopen(self._url, timeout=PATIENCE_S) as answer:
                    answer.read()
                self.answers += 1
            except (OSError, urllib.error.URLError) as error:
                self.failures.append(f"{time.strftime('%H:%M:%S')} {error}")

    def end(self) -> None:
        self._over.set()


@contextmanager
def asked(address: str) -> Iterator[Client]:
    """While the block runs, a client asks at an address."""
    client = Client(address)
    thread = threading.Thread(target=client.run, daemon=True)
    thread.start()
    try:
        yield client
    finally:
        client.end()
        thread.join(2 * PATIENCE_S)
