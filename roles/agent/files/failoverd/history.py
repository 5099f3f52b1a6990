# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history that people and reports read: one JSON line per entry, and the system's log."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

LIMIT_BYTES = 4_000_000
STDERR = 2


class History:
    """Appends entries; a disk that takes none is told in problem (F69)."""

    def __init__(self, directory: Path, node: str) -> None:
        self._path = directory / "history.jsonl"
        self._node = node
        self.problem = ""

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
        entry = {
            "time": time.time(),
            "mono": time.monotonic(),
            "node": self._node,
            "level": "alert" if alert else "info",
            "code": code,
            "text": text,
            "service": service,
            "data": data or {},
        }
        with contextlib.suppress(OSError):
            # The number in brackets is the priority, which journald takes from the line.
            os.write(STDERR, f"<{4 if alert else 6}>{code}: {text}\n".encode())
        try:
            self._append(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
            self.problem = ""
        except OSError as error:
            self.problem = f"the history cannot be written: {error.strerror}"

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self._path, flags, 0o600)
        try:
            os.write(fd, line)
            size = os.fstat(fd).st_size
        finally:
            os.close(fd)
        if size > LIMIT_BYTES:
            self._path.replace(self._path.with_name("history.1.jsonl"))
