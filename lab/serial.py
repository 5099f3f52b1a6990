# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The serial lines: carries bytes between two pseudo terminals for each line.

A line can be cut. Bytes that an end does not read in time are lost, as on a real line.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import select
import termios
import tty
from pathlib import Path
from typing import Any

from lab.control import listen, serve_one
from lab.errors import LabError
from lab.paths import LabPaths
from lab.state import LabState
from lab.uml import serial_device

BACKLOG = 1024
"""Bytes that may wait for a node."""


def control_path(paths: LabPaths) -> Path:
    """Control socket of the lab's relay."""
    return paths.run / "serial.socket"


class End:
    """One end of a line: the node opens the slave, the relay holds the master."""

    def __init__(self, link: Path) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        # The relay keeps the slave open, so that a node that dies does not hang up its line.
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._slave))

    def read(self) -> bytes:
        """The bytes from the node."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self.master, 4096)
        return b""

    def write(self, data: bytes) -> None:
        """Give these bytes to the node; drop old ones, like a UART that nobody reads.

        A node that boots must not find much: its kernel takes all at once, and should its terminal
        buffer of 4096 bytes overflow, it stops listening for ever (User Mode Linux
        removes the descriptor from its epoll set when the terminal is throttled, for good).
        """
        waiting = array.array("i", [0])
        fcntl.ioctl(self._slave, termios.FIONREAD, waiting)
        if waiting[0] > BACKLOG:
            termios.tcflush(self._slave, termios.TCIFLUSH)
        with contextlib.suppress(BlockingIOError):
            os.write(self.master, data)


class Relay:
    """All serial lines of a lab."""

    def __init__(self, ends: dict[str, tuple[End, End]]) -> None:
        self._peers: dict[int, tuple[str, End, End]] = {}
        for line, (left, right) in ends.items():
            self._peers[left.master] = (line, left, right)
            self._peers[right.master] = (line, right, left)
        self._state = dict.fromkeys(ends, "up")

    def serve(self, socket_path: Path) -> None:
        """Carry bytes until killed."""
        server = listen(socket_path)
        while True:
            ready, _writable, _failed = select.select([server.fileno(), *self._peers], [], [])
            for source in ready:
                if source == server.fileno():
                    serve_one(server, self.answer)
                else:
                    self.carry(source)

    def carry(self, source: int) -> None:
        """Move what one end sent to the other, or drop it when the line is cut."""
        line, near, far = self._peers[source]
        data = near.read()
        if data and self._state[line] == "up":
            far.write(data)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Cut or mend a line; always answers with the state of all lines."""
        if "line" in request:
            line, state = str(request["line"]), str(request.get("state"))
            if line not in self._state or state not in ("up", "down"):
                raise LabError(f"serial line {line} cannot be set to {state}")
            self._state[line] = state
        return {"lines": self._state}


def main(name: str) -> None:
    """Serve the serial lines of the lab ``name`` until killed."""
    paths = LabPaths.of(name)
    ends = {
        link.name: (End(serial_device(paths, number, 0)), End(serial_device(paths, number, 1)))
        for number, link in enumerate(LabState.load(name).spec.serials)
    }
    Relay(ends).serve(control_path(paths))
