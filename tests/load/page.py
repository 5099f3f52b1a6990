# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as its unit runs it, but for the limits of systemd."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.proofs._scrape import environment


class PageProcess:
    """A page before a status socket."""

    def __init__(self, status: Path, settings: Path) -> None:
        settings.write_text(json.dumps({"port": 0, "socket": str(status)}))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "failover_page", str(settings)],
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        port = self.process.stderr.readline().rpartition(" ")[2].strip()
        self.url = f"http://127.0.0.1:{port}"

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal that ends it."""
        self.process.send_signal(number)
        self.process.wait(30)
