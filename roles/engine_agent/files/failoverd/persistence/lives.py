# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of this daemon's life, greater than that of every life before it (F18, F19, F73)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path

from failoverd.core import lives
from failoverd.system.files import read_number, write_whole


class Lives:
    """Counts the lives in a file. The count is at least the wall clock's milliseconds.

    So it grows even if the file is lost, empty or cannot be written. If the clock has gone back as
    well, the peer tells which life it knows, and the core continues with a greater number.
    """

    def __init__(self, directory: Path, wall: Callable[[], float] = time.time) -> None:
        self._path = directory / "incarnation"
        self._wall = wall
        self._count = 0
        self.problem = ""
        """Why the number cannot be kept, empty if it is kept."""

    def begin(self) -> int:
        """A number for a life that begins now."""
        most = (1 << lives.COUNT_BITS) - 2
        count = min(max(self._stored() + 1, int(self._wall() * 1000), 1), most)
        self._count = count
        self._write(durable=True)
        return lives.number(count, secrets.randbits(lives.RANDOM_BITS))

    def keep(self, incarnation: int) -> None:
        """Remember the number of this life. No fsync, because the disk may hang (F44)."""
        self._count = lives.count(incarnation)
        self._write()

    def retry(self) -> None:
        """Try again to keep the number, if that failed."""
        if self.problem:
            self._write()

    def _write(self, *, durable: bool = False) -> None:
        try:
            write_whole(self._path, f"{self._count}\n", durable=durable)
        except OSError as error:
            self.problem = (
                f"{self._path}: the number of this life cannot be kept: {error.strerror};"
                " until it can, the clock has to be right when the daemon begins, or the peer alive"
            )
        else:
            self.problem = ""

    def _stored(self) -> int:
        """The last count that was kept, 0 if there is no valid one."""
        try:
            return read_number(self._path, 0, (1 << lives.COUNT_BITS) - (1 << 20) - 1)
        except (OSError, ValueError):
            return 0
