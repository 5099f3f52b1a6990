# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The block of one lock on a shared disk, and the abandoned writes to it.

A mark in the run directory, which a boot empties, tells the next life of the daemon that a write
of this life may still reach the disk.
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from pathlib import Path

from failoverd.core.lock import Record, Times

from .disk import Disk, Lane
from .format import BlockError, decode_area, decode_record, encode


class LockError(Exception):
    """The lock was not taken or cannot be read; str() says why."""


@dataclass(frozen=True)
class Place:
    """The place of a lock and its owner."""

    cluster: str
    service: str
    node: str
    disk: str
    index: int
    times: Times

    @property
    def mark(self) -> str:
        """The name of its files in the run directory; another place has other names (F79)."""
        return f"{self.service}-{self.index}-{zlib.crc32(self.disk.encode()):08x}"

    def __str__(self) -> str:
        return f"lock {self.index} on {self.disk}"


class Block:
    """Reads and writes the block, one call at a time, on a thread that may hang with the disk."""

    def __init__(self, place: Place, writing: Path) -> None:
        self._place = place
        self._writing = writing
        """Exists while a write is under way, even an abandoned one."""
        self._old = writing.exists()
        """An earlier life of the daemon has left a write behind."""
        self._open = self._stray = 0
        """Number of writes under way, and how many of them are abandoned."""
        self._clearing: asyncio.Task[None] | None = None
        self._left = False
        self._disk = Disk(place.disk)
        self._lane = Lane(f"sfex-{place.service}")
        self.problem = ""
        """What is wrong with the disk, empty if nothing is."""

    async def look(self) -> Record:
        """The lock on the disk; raises LockError. Waits as long as the disk takes."""
        place = self._place

        def read() -> Record:
            area = decode_area(self._disk.read(0), place.cluster)
            if place.index > area.locks:
                raise BlockError(f"the area has {area.locks} locks only")
            return decode_record(self._disk.read(place.index), place.cluster, place.service)

        try:
            record = await self._lane.call(read)
        except (OSError, BlockError) as error:
            self.problem = f"{place}: {getattr(error, 'strerror', None) or error}"
            raise LockError(self.problem) from None
        self.problem = ""
        return record

    async def write(self, record: Record) -> None:
        """Raises LockError. A cancelled write may still reach the disk: the lock is doubtful."""
        block, index, failed = encode(record), self._place.index, None
        try:
            self._writing.touch()
        except OSError as error:
            raise LockError(f"{self._writing}: {error.strerror}") from None
        self._open += 1
        try:
            await self._lane.call(lambda: self._disk.write(index, block))
        except OSError as error:
            failed = error
        except asyncio.CancelledError:
            self._stray += 1
            self.clear_up()
            raise
        self._ended(1)
        if failed is not None:
            self.problem = f"{self._place}: {failed.strerror or failed}"
            raise LockError(self.problem)

    def _ended(self, writes: int) -> None:
        self._open -= writes
        if not self._open and not self._old:
            self._writing.unlink(missing_ok=True)

    @property
    def doubtful(self) -> bool:
        """An abandoned write may have overwritten a lock that another node holds by now (F65).

        The holder notices it, or is reset within the timeout of the lock.
        """
        return self._old or self._stray > 0

    def clear_up(self) -> None:
        """Wait in the background for the end of the writes, which the next read shows."""
        idle = self._clearing is None or self._clearing.done()
        if idle and self.doubtful and not self._left:
            self._clearing = asyncio.get_running_loop().create_task(self._settle())

    async def _settle(self) -> None:
        while self.doubtful:
            stray = self._stray
            try:
                await self.look()
            except LockError:
                await asyncio.sleep(self._place.times.renew_s)
                continue
            await asyncio.sleep(self._place.times.timeout_s)
            self._old = False
            self._stray -= stray
            self._ended(stray)

    def leave(self) -> None:
        """The daemon ends."""
        self._left = True
        if self._clearing is not None:
            self._clearing.cancel()
        self._lane.close()
