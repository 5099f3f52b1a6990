# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL of this machine's distribution, in a directory of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ACCOUNT = "postgres"
PORT = 5999
LIMIT_S = 300.0
"""Ends a test that fails anyway. On a busy machine a start and a stop take long."""


def _programs() -> Path:
    """The newest version that is installed."""
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))[-1]


class Server:
    """Listens on a UNIX socket only, and lets in by peer authentication only."""

    def __init__(self, directory: Path | None = None) -> None:
        # Not below pytest's own directory, which only its owner may enter.
        self.directory = directory or Path(tempfile.mkdtemp(prefix="failover-test-"))
        shutil.chown(self.directory, ACCOUNT)
        self.directory.chmod(0o755)
        self.data = self.directory / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "--no-sync", "--auth=peer", "-D", str(self.data))

    def _run(self, program: str, *words: str) -> str:
        return subprocess.run(
            [str(_programs() / program), *words],
            user=ACCOUNT,
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
            timeout=LIMIT_S,
        ).stdout

    def start(self, **more: str) -> None:
        """Returns at once; the server may still be starting. more: settings."""
        self._process = subprocess.Popen(
            self.command(**more), user=ACCOUNT, cwd="/", stderr=subprocess.DEVNULL
        )

    def command(self, **more: str) -> list[str]:
        """What starts the server."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory),
            "port": str(PORT),
            "fsync": "off",
            "shared_buffers": "1MB",
            **more,
        }
        words = [word for item in settings.items() for word in ("-c", "=".join(item))]
        return [str(_programs() / "postgres"), "-D", str(self.data), *words]

    def stop(self) -> None:
        """A smart stop, waited for."""
        assert self._process is not None
        self.send(signal.SIGINT)
        self._process.wait(LIMIT_S)
        self._process = None

    def kill(self) -> None:
        """End the postmaster as a crash does; its children end by themselves."""
        self._crash()
        self._all_ended()

    def _crash(self) -> None:
        assert self._process is not None
        self.send(signal.SIGKILL)
        self._process.wait(LIMIT_S)
        self._process = None

    def _all_ended(self) -> None:
        for _round in range(1000):
            if not self._working():
                return
            time.sleep(0.01)
        raise AssertionError(f"these still work in {self.data}: {self._working()}")

    def _working(self) -> list[int]:
        """The processes that work in the data directory."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            # One that has ended, or works in a file system that is gone. A glob() for cwd would ask
            # the directory itself, and one of a dead host never answers.
            with contextlib.suppress(OSError):
                if (process / "cwd").readlink() == self.data:
                    found.append(int(process.name))
        return found

    @property
    def runs(self) -> bool:
        """Whether the postmaster has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def alive(self) -> bool:
        """Whether the postmaster runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The postmaster's."""
        assert self._process is not None
        return self._process.pid

    def psql(self, query: str) -> str:
        """The answer to a query, asked by an ordinary client."""
        where = ["-h", str(self.directory), "-p", str(PORT), "-U", ACCOUNT]
        return self._run("psql", *where, "-XAtc", query, "postgres").strip()

    def ended(self) -> None:
        """Returns when the postmaster does not run any more."""
        if self._process is not None:
            self._process.wait(LIMIT_S)

    def send(self, number: signal.Signals) -> None:
        """A signal to the postmaster alone."""
        os.kill(self.pid, number)

    def remove(self) -> None:
        """End it and remove everything."""
        if self.runs:
            # A server that has hardly begun may forget a milder signal.
            self._crash()
            # One that recovers ends only after the command that fetches a file of its log.
            for pid in self._working():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._all_ended()
        shutil.rmtree(self.directory)
