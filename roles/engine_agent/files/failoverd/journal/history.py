# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history for people and reports: one JSON line per entry, and the system's log."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from failoverd.formats.text import printable

from .journald import Journald, under_journald
from .spool import Spool

LIMIT_BYTES = 4_000_000
STDERR = 2
QUEUE_BYTES = 1_000_000
TOO_SLOW = "the disk did not take them in time"


class History:
    """Appends entries in a thread. It counts the entries that the disk does not take (F69).

    The line for journald does not wait for the disk.
    """

    def __init__(self, directory: Path, node: str, queue_bytes: int = QUEUE_BYTES) -> None:
        self._path = directory / "history.jsonl"
        self._node = node
        self._spool = Spool("history", queue_bytes)
        self._overflow = 0
        self._unwritten = 0
        self._owned_up = 0
        self._trouble = ""
        self._journald = Journald() if under_journald() else None
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        """Called with each entry, by the thread that adds it; must neither wait nor raise."""
        self._whole = False
        """The file is known to end with a whole line."""

    @property
    def lost(self) -> int:
        """Entries that are in no file."""
        return self._overflow + self._unwritten

    @property
    def problem(self) -> str:
        """What is wrong, empty if nothing is."""
        hangs = "the history cannot be written: the disk does not answer"
        trouble = self._trouble or (hangs if self._spool.stuck else self._spool.defect)
        return f"{trouble}; entries lost so far: {self.lost}" if trouble else ""

    def add(
        self,
        code: str,
        text: str,
        *,
        alert: bool = False,
        service: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        """Write one entry. code is stable, text is for people, data depends on the code."""
        text = printable(text)
        entry = self._entry(code, text, alert=alert, service=service, data=data or {})
        if self._journald is None or not self._journald.send(entry):
            with contextlib.suppress(OSError):
                # The number in brackets is the priority, which journald takes from the line.
                os.write(STDERR, f"<{4 if alert else 6}>{code}: {text}\n".encode())
        for listener in self.listeners:
            listener(entry)
        line = _line(entry)
        if not self._spool.put(partial(self._write, line), len(line)):
            self._overflow += 1

    def drain(self, wait_s: float) -> bool:
        """Wait until all is written; False if the disk does not take it in time."""
        return self._spool.drain(wait_s)

    def close(self, wait_s: float = 1.0) -> None:
        """Take no more entries, and write the waiting ones if the disk allows it."""
        self._spool.close(wait_s)

    def _entry(
        self, code: str, text: str, *, alert: bool, service: str, data: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "time": time.time(),
            "mono": time.monotonic(),
            "node": self._node,
            "level": "alert" if alert else "info",
            "code": code,
            "text": text,
            "service": service,
            "data": data,
        }

    def _write(self, line: bytes) -> None:
        """Runs in the thread. Before the next entry it reports how many were lost."""
        lost = self.lost
        if lost > self._owned_up:
            data = {"lost": lost - self._owned_up}
            text = f"{data['lost']} entries were lost: {self._trouble or TOO_SLOW}"
            entry = self._entry("history-lost", text, alert=True, service="", data=data)
            for listener in self.listeners:
                listener(entry)
            line = _line(entry) + line
        try:
            self._append(line)
        except OSError as error:
            self._unwritten += 1
            self._trouble = f"the history cannot be written: {error.strerror}"
        else:
            self._owned_up = lost
            self._trouble = ""

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self._path, flags, 0o600)
        try:
            if not self._whole:
                line = (b"" if _ends(self._path) else b"\n") + line
                self._whole = True
            if os.write(fd, line) < len(line):
                self._whole = False
                raise OSError(28, "No space left on device")
            size = os.fstat(fd).st_size
        finally:
            os.close(fd)
        if size > LIMIT_BYTES:
            self._path.replace(self._path.with_name("history.1.jsonl"))


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def _ends(path: Path) -> bool:
    """Complete the last line of the file, which a loss of power may have cut off."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
