# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the lab's own processes in its namespace, and finds them by their pid files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.netns import inside
from lab.paths import LabPaths
from lab.process import ProcessId, read_pid_file, write_pid_file

PACKAGE_PARENT = Path(__file__).resolve().parent.parent


class Daemons:
    """Starts, finds and stops the processes of one lab."""

    def __init__(self, paths: LabPaths, namespace: str) -> None:
        self._paths = paths
        self._namespace = namespace
        self._children: list[subprocess.Popen[bytes]] = []

    def running(self, name: str) -> bool:
        """True while the process called ``name`` runs."""
        process = read_pid_file(self._pid_file(name))
        return process is not None and process.alive()

    def ensure(self, name: str, module: str, arguments: Sequence[str], ready: Path | None) -> None:
        """Start ``python -m module`` unless it runs, and wait for its socket ``ready``.

        :raises LabError: it ends at once or its socket does not appear within 20 seconds.
        """
        if self.running(name):
            return
        if ready:
            ready.unlink(missing_ok=True)
        log = self._paths.logs / f"{name}.log"
        environment = dict(os.environ)
        path = [str(PACKAGE_PARENT), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(part for part in path if part)
        with log.open("ab") as output:
            child = subprocess.Popen(
                inside(self._namespace, [sys.executable, "-m", module, *arguments]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        self._children.append(child)
        process = ProcessId.of(child.pid)
        if process:
            write_pid_file(self._pid_file(name), process)
        deadline = time.monotonic() + 20
        while ready and not ready.exists():
            if child.poll() is not None or time.monotonic() > deadline:
                raise LabError(f"the lab's {name} did not start; see {log}")
            time.sleep(0.02)

    def stop(self, name: str) -> None:
        """End the process called ``name``, if it runs."""
        path = self._pid_file(name)
        process = read_pid_file(path)
        if process:
            process.stop()
        path.unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Every process that was started."""
        return sorted(path.stem for path in self._paths.run.glob("*.pid"))

    def _pid_file(self, name: str) -> Path:
        return self._paths.run / f"{name}.pid"
