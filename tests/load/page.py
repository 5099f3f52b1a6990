# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as its unit runs it, but for the limits of systemd."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.proofs._scrape import environment
from tests.unit.failoverd.test_pair import Pair

LIMIT_S = 120.0


class PageProcess:
    """A page before a status socket."""

    def __init__(self, status: Path, settings: Path) -> None:
        settings.write_text(json.dumps({"port": 0, "socket": str(status)}))
        self._log = settings.with_suffix(".log")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "failover_page", str(settings)],
                env=environment(),
                stderr=log,
            )
        self.url = f"http://127.0.0.1:{self._port()}"

    def _port(self) -> str:
        """Where it listens: the end of its first line."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end and self.process.poll() is None:
            line, newline, _rest = self._log.read_text(encoding="utf-8").partition("\n")
            if newline:
                return line.rpartition(" ")[2].strip()
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"the page does not listen: {self._log.read_text(encoding='utf-8')}")

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal that ends it."""
        self.process.send_signal(number)
        self.process.wait(30)


def page_of(pair: Pair, tmp_path: Path) -> PageProcess:
    """The page of node1."""
    status = pair.path / "node1/run-page/status.sock"
    status.parent.mkdir(mode=0o750, exist_ok=True)
    pair.wait(status.exists)
    return PageProcess(status, tmp_path / "page.json")
