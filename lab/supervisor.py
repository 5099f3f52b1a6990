# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power supply of one node: it starts the kernel, cuts it, and starts it again on reboot.

One process per node and the only one that touches the node's processes; the command line and the
BMC ask it over its control socket.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections import deque
from pathlib import Path
from typing import Any

from lab import amx
from lab.control import listen, serve_one
from lab.errors import LabError
from lab.machine import Machine
from lab.paths import LabPaths
from lab.state import LabState
from lab.uml import command_line, memory_dir

_RESTARTS = 5  # within _WINDOW seconds: a kernel that cannot boot stays off
_WINDOW = 60.0


class Supervisor:
    """Holds the node's power and answers on, off, reset, status, freeze and thaw."""

    def __init__(self, name: str, node: str) -> None:
        state = LabState.load(name)
        self._paths = LabPaths.of(name)
        self._node = node
        self._argv = command_line(name, state.spec, node, state.image.disk, self._paths)
        memory = memory_dir(state.spec.memory_mib)
        # UML keeps the guest's memory in an unlinked file below TMPDIR.
        self._environment = {"PATH": os.environ["PATH"], "TMPDIR": str(memory), "TERM": "linux"}
        self._environment |= amx.environment()
        self._machine: Machine | None = None
        self._frozen = False
        self._lives = 0
        self._starts: deque[float] = deque(maxlen=_RESTARTS)
        self._last_end = ""
        self._log = (self._paths.logs / f"{node}-power.jsonl").open("a", encoding="utf-8")

    def serve(self) -> None:
        """Answer requests until SIGTERM, then cut the node's power."""
        server = listen(control_path(self._paths, self._node))
        stop_read, stop_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGTERM, lambda *_: os.write(stop_write, b"x"))
        while True:
            waiting: list[Any] = [server, stop_read]
            if self._machine:
                waiting.append(self._machine.pidfd)
            ready, _writable, _failed = select.select(waiting, [], [])
            if stop_read in ready:
                self._off("supervisor stopped")
                return
            if self._machine and self._machine.pidfd in ready:
                self._ended()
            if server in ready:
                serve_one(server, self.answer)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request, and return the state of the node."""
        action = request.get("action")
        if self._machine and self._machine.exit_status() is not None:
            self._ended()
        if "by" in request and action != "status":
            self._note("asked", f"{action} by {request['by']}")
        if action == "on":
            self._on()
        elif action == "off":
            self._off(str(request.get("by", "asked")))
        elif action == "reset":
            self._off(str(request.get("by", "asked")))
            self._on()
        elif action in ("freeze", "thaw"):
            self._freeze(action == "freeze")
        elif action != "status":
            raise LabError(f"unknown action {action}")
        return {
            "power": "on" if self._machine else "off",
            "frozen": self._frozen,
            "lives": self._lives,
            "last_end": self._last_end,
        }

    def _on(self) -> None:
        if self._machine:
            return
        self._starts.append(time.monotonic())
        self._lives += 1
        self._machine = Machine(self._argv, self._paths.console(self._node), self._environment)
        self._note("on")

    def _off(self, reason: str) -> None:
        if not self._machine:
            return
        self._machine.cut()
        self._forget(reason)

    def _ended(self) -> None:
        """The kernel exited by itself: power-off stays off, anything else starts again."""
        machine = self._machine
        if machine is None:
            return
        machine.cut()
        if machine.switched_itself_off():
            self._forget("the guest switched itself off")
            return
        status = machine.exit_status()
        self._forget(f"the guest crashed (exit {status})" if status else "the guest rebooted")
        recent = [start for start in self._starts if time.monotonic() - start < _WINDOW]
        if len(recent) < _RESTARTS:
            self._on()
        else:
            self._note("given up: it ends again and again")

    def _forget(self, reason: str) -> None:
        if self._machine:
            self._machine.close()
        self._machine = None
        self._frozen = False
        self._last_end = reason
        self._note("off", reason)
        # A multiplexed ssh connection to the dead node would block the next command.
        (self._paths.ssh_sockets / self._node).unlink(missing_ok=True)

    def _freeze(self, frozen: bool) -> None:
        if not self._machine:
            raise LabError(f"{self._node} is off")
        if frozen:
            self._machine.freeze()
        else:
            self._machine.thaw()
        self._frozen = frozen
        self._note("frozen" if frozen else "thawed")

    def _note(self, what: str, reason: str = "") -> None:
        """Wall clock and monotonic seconds, so that a report can place it."""
        entry = {"time": time.time(), "monotonic": time.monotonic(), "what": what}
        print(json.dumps({**entry, "reason": reason}), file=self._log, flush=True)


def control_path(paths: LabPaths, node: str) -> Path:
    """Control socket of the node's supervisor."""
    return paths.run / f"{node}.socket"
