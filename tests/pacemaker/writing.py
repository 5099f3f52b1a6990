# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that writes rows at an address, and somebody who asks both servers what they are."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.client.rows import Database, Gone, Refused, Session
from lab.demo.measure import ClientProcess

RATE = 5
LIMIT_S = 300.0
PAUSE_S = 0.5
READ_ONLY = "select pg_is_in_recovery()"


class Here:
    """The client's side of the LAN is this host."""

    def run_in(self, argv: list[str], **popen: Any) -> subprocess.Popen[Any]:
        """Start a program."""
        return subprocess.Popen(argv, **popen)


class Writer:
    """The measuring client of the lab, which writes one row after the other."""

    def __init__(self, to: Database, out: Path) -> None:
        options = ["--host", to.host, "--dbname", to.name, "--path", "", "--rate", str(RATE)]
        self._client = ClientProcess(Here(), out, options, to.password)

    def acknowledged(self) -> int:
        """How many rows so far."""
        return len(self._client.look().rows)

    def serves(self, rows: int = 10) -> bool:
        """Wait until so many more rows are acknowledged."""
        before, end = self.acknowledged(), time.monotonic() + LIMIT_S
        while self.acknowledged() < before + rows:
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        return True

    def finish(self) -> dict[str, Any]:
        """End it, and compare with what the table holds."""
        return self._client.finish()

    def kill(self) -> None:
        """End it in any case."""
        self._client.kill()


class Asker:
    """Asks each server all the time whether it takes writes."""

    def __init__(self, servers: Mapping[str, Database]) -> None:
        self.primaries: set[str] = set()
        """Those that took writes when they were asked last."""
        self.seen: set[str] = set()
        """Those that took writes some time."""
        self.rounds = 0
        self.both: list[str] = []
        """When all took writes at once."""
        self._servers = servers
        self._sessions: dict[str, Session] = {}
        self._over = threading.Event()

    def run(self) -> None:
        """Ask until it is ended."""
        while not self._over.wait(PAUSE_S):
            found = {node for node in self._servers if self._writes(node)}
            self.rounds += 1
            self.seen |= found
            if len(found) > 1:
                self.both.append(time.strftime("%H:%M:%S"))
            self.primaries = found
        for session in self._sessions.values():
            session.close()

    def end(self) -> None:
        """Ask no more."""
        self._over.set()

    def _writes(self, node: str) -> bool:
        try:
            if node not in self._sessions:
                self._sessions[node] = Session(self._servers[node])
            return not self._sessions[node].run(READ_ONLY)[0][0]
        except (Gone, Refused):
            session = self._sessions.pop(node, None)
            if session:
                session.close()
            return False


@contextmanager
def asked(servers: Mapping[str, Database]) -> Iterator[Asker]:
    """While the block runs, these servers are asked."""
    asker = Asker(servers)
    thread = threading.Thread(target=asker.run, name="asker", daemon=True)
    thread.start()
    try:
        yield asker
    finally:
        asker.end()
        thread.join(LIMIT_S)
