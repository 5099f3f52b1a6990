# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the journal: segments of limited size, of which the newest are kept."""

from __future__ import annotations

import os
import time
from pathlib import Path

SYNC_S = 5.0
"""A loss of power loses about so many seconds at most."""


def segments(directory: Path) -> list[Path]:
    """The segments that exist, oldest first."""
    return sorted(p for p in directory.glob("*.jsonl") if p.stem.isdigit())


class Segments:
    """Writes segments. For the writing thread alone; other threads may read the attributes."""

    def __init__(self, directory: Path, keep: int) -> None:
        self._directory = directory
        self._keep = keep
        self._fd = -1
        self.failed = 0
        """Number of the last attempt to begin a segment that failed (F69)."""
        self.problem = ""
        self.lost = 0
        """Lines that no segment took."""
        self._attempt = 0
        self._synced = 0.0

    def open(self, attempt: int, head: bytes) -> None:
        """Begin the next segment and drop the oldest. attempt: a number that the caller chooses."""
        self.close()
        self._attempt = attempt
        try:
            self._directory.mkdir(mode=0o700, exist_ok=True)
            old = segments(self._directory)
            for path in old[: max(0, len(old) + 1 - self._keep)]:
                path.unlink()
            number = int(old[-1].stem) + 1 if old else 1
            self._fd = os.open(
                self._directory / f"{number:010d}.jsonl",
                os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL | os.O_CLOEXEC,
                0o600,
            )
        except OSError as error:
            self._fail(error)
        else:
            self.problem = ""
            self._synced = 0.0  # without its head, no line of the segment can be read
            self.append(head)

    def append(self, lines: bytes) -> None:
        """Add lines. After a failure nothing is added until the next segment begins."""
        if self._fd < 0:
            self.lost += lines.count(b"\n")
            return
        try:
            if os.write(self._fd, lines) < len(lines):
                raise OSError(28, "No space left on device")
            now = time.monotonic()
            if now >= self._synced + SYNC_S:
                os.fdatasync(self._fd)
                self._synced = now
        except OSError as error:
            self.lost += lines.count(b"\n")
            self._fail(error)

    def close(self) -> None:
        """Close the segment."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _fail(self, error: OSError) -> None:
        self.close()
        self.problem = f"the journal cannot be written: {error.strerror}"
        self.failed = self._attempt
