# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by identity: a pid alone may belong to another process later.

A process is identified by its pid together with its start time and the boot of the machine,
so a pid file left by a crash never makes the lab signal someone else's process.
"""

from __future__ import annotations

import json
import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessId:
    """A process that can be recognised again."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """Identity of a running process, None when there is none with this pid."""
        started = start_ticks(pid)
        return None if started is None else cls(pid, started, boot_id())

    def alive(self) -> bool:
        """True while exactly this process runs (a zombie does not run)."""
        return self.boot == boot_id() and start_ticks(self.pid) == self.started

    def signal(self, number: int) -> bool:
        """Send a signal to exactly this process; False when it is gone."""
        try:
            handle = os.pidfd_open(self.pid)
        except (ProcessLookupError, OSError):
            return False
        try:
            if not self.alive():
                return False
            signal.pidfd_send_signal(handle, number)
            return True
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)

    def wait(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds until it has ended; True when it has."""
        try:
            handle = os.pidfd_open(self.pid)
        except (ProcessLookupError, OSError):
            return True
        try:
            if not self.alive():
                return True
            poller = select.poll()
            poller.register(handle, select.POLLIN)
            return bool(poller.poll(timeout * 1000)) or not self.alive()
        finally:
            os.close(handle)

    def stop(self, timeout: float = 5.0) -> None:
        """SIGTERM, and SIGKILL after ``timeout`` seconds."""
        if self.signal(signal.SIGTERM) and not self.wait(timeout):
            self.signal(signal.SIGKILL)
            self.wait(timeout)


def boot_id() -> str:
    """Identity of the machine's present boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_ticks(pid: int) -> int | None:
    """Start time in clock ticks after boot; None when no such process runs."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command name in parentheses may itself hold blanks and parentheses.
    fields = text[text.rindex(")") + 2 :].split()
    if fields[0] in ("Z", "X"):
        return None
    return int(fields[19])


def write_pid_file(path: Path, process: ProcessId) -> None:
    """Record a process so that another run of the tool can find it again."""
    staged = path.with_suffix(".new")
    staged.write_text(json.dumps(process.__dict__), encoding="ascii")
    staged.replace(path)


def read_pid_file(path: Path) -> ProcessId | None:
    """The recorded process; None when the file is missing or not ours."""
    try:
        data = json.loads(path.read_text(encoding="ascii"))
        return ProcessId(int(data["pid"]), int(data["started"]), str(data["boot"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def namespace_of(pid: int, kind: str) -> str | None:
    """Identity of a process's namespace (kind: pid, net), None when it is gone."""
    try:
        return str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    except OSError:
        return None


def pids_in_namespace(kind: str, identity: str) -> list[int]:
    """All processes whose namespace of this kind is the one given."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and namespace_of(int(entry.name), kind) == identity
    ]
