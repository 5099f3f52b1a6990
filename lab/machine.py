# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One life of a node: a kernel and all its processes, in a PID namespace of their own.

The namespace makes a power cut exact: killing its init makes the host's kernel kill every process
of the node at once, and the init's end is reported only when none of them is left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.errors import LabError
from lab.process import ProcessId, namespace_of, pids_in_namespace

# The shell is the namespace's init: an init may not die by its own SIGABRT, as a panicking
# kernel does, and it reports the kernel's exit. setpriv ends the node with its supervisor.
_WRAPPER = ("setpriv", "--pdeathsig", "KILL", "--", "unshare", "--pid", "--fork", "--kill-child")
_INIT = ("--", "sh", "-c", 'ulimit -c 0; "$@"; exit $?', "sh")

_POWER_DOWN = (b"reboot: Power down", b"reboot: System halted")


def orderly_off(console: bytes) -> bool:
    """True when the end of the console says that the guest switched itself off."""
    return any(text in console[-4096:] for text in _POWER_DOWN)


class Machine:
    """A running node. It ends by itself or by :meth:`cut`."""

    def __init__(self, argv: Sequence[str], console: Path, environment: Mapping[str, str]) -> None:
        with console.open("wb") as output:
            self._process = subprocess.Popen(
                [*_WRAPPER, *_INIT, *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )
        self._console = console
        self._own = namespace_of(os.getpid(), "pid")
        self._seen: str | None = None
        self.pidfd = os.pidfd_open(self._process.pid)

    @property
    def pid(self) -> int:
        """Pid of the process that waits for the node's init."""
        return self._process.pid

    def exit_status(self) -> int | None:
        """How the node ended (negative or above 128: a signal), None while it runs."""
        return self._process.poll()

    def switched_itself_off(self) -> bool:
        """After its end: True for a power-off, False for a reboot, a panic or a watchdog."""
        return orderly_off(self._console.read_bytes())

    def cut(self, timeout: float = 10.0) -> None:
        """Cut the power: when it returns, no process of the node exists any more.

        :raises LabError: something is left after ``timeout`` seconds; it is not off then.
        """
        namespace = self._namespace()
        deadline = time.monotonic() + timeout
        while True:
            inside = self.pids()
            # The init alone is enough; the waiter's death kills an init not yet seen.
            targets = [pid for pid in inside if _parent(pid) == self.pid] or inside or [self.pid]
            for pid in targets:
                _kill(pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
            gone = self._process.poll() is not None
            if gone and (namespace is None or not pids_in_namespace("pid", namespace)):
                return
            if time.monotonic() > deadline:
                raise LabError("the node's processes do not end")

    def pids(self) -> list[int]:
        """Every process of the node, in order of pid."""
        namespace = self._namespace()
        return sorted(pids_in_namespace("pid", namespace)) if namespace else []

    def freeze(self, timeout: float = 5.0) -> None:
        """Stop every process of the node until :meth:`thaw`.

        Traced ones (the guest's user space) are stopped last: the kernel that traces them no
        longer runs then and so never sees a stop that it did not cause.
        """
        deadline = time.monotonic() + timeout
        while True:
            every = self.pids()
            running = [pid for pid in every if _state(pid) not in ("T", "t", "Z", "X", "")]
            if every and not running:
                return
            kernels = [pid for pid in running if _tracer(pid) == 0]
            for pid in kernels or running:
                _kill(pid, signal.SIGSTOP)
            if time.monotonic() > deadline:
                raise LabError("the node's processes do not stop")
            time.sleep(0.002)

    def thaw(self) -> None:
        """Let every process of the node run again."""
        for pid in self.pids():
            if _tracer(pid) == 0:
                _kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """Forget the ended node."""
        os.close(self.pidfd)

    def _namespace(self) -> str | None:
        found = namespace_of(self.pid, "pid_for_children")
        if found and found != self._own:
            self._seen = found
        return self._seen


def _kill(pid: int, number: int) -> None:
    process = ProcessId.of(pid)
    if process is not None:
        process.signal(number)


def _status(pid: int, key: str) -> str:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for line in text.splitlines():
        if line.startswith(f"{key}:"):
            return line.split(None, 1)[1]
    return ""


def _state(pid: int) -> str:
    return _status(pid, "State")[:1]


def _tracer(pid: int) -> int:
    return int(_status(pid, "TracerPid") or 0)


def _parent(pid: int) -> int:
    return int(_status(pid, "PPid") or 0)
