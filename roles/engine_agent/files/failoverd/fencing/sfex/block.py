# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The block of one lock on a shared disk, and the writes to it that nobody waits for any more.

A mark in the run directory, which a boot empties, tells the next life of the daemon that a write of
this one may still be on its way.
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
    """The lock was not taken or cannot be looked at; str() says why."""


@dataclass(frozen=True)
class Place:
    """Where a lock is, and whose."""

    cluster: str
    service: str
    node: str
    disk: str
    index: int
    times: Times

    @property
    def mark(self) -> str:
        """What files of the run directory about it are called; another place has others (F79)."""
        return f"{self.service}-{self.index}-{zlib.crc32(self.disk.encode()):08x}"

    def __str__(self) -> str:
        return f"lock {self.index} on {self.disk}"


class Block:
    """Reads and writes it, one after the other, on a thread that may hang with the disk."""

    def __init__(self, place: Place, writing: Path) -> None:
        self._place = place
        self._writing = writing
        """There while a write is under way, also one that nobody waits for any more."""
        self._old = writing.exists()
        """An earlier life of the daemon has left one behind."""
        self._open = self._stray = 0
        """Writes that are under way; how many of them nobody waits for."""
        self._clearing: asyncio.Task[None] | None = None
        self._left = False
        self._disk = Disk(place.disk)
        self._lane = Lane(f"sfex-{place.service}")
        self.problem = ""
        """What is wrong with the disk, empty if nothing is."""

    async def look(self) -> Record:
        """The lock as it stands on the disk; raises LockError, and waits as long as the disk."""
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
        """Raises LockError. Cancelled, the write may still reach the disk: it is doubtful then."""
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
        """A write that nobody waited for may have come over a lock that is held by then (F65).

        Its holder finds that out, or does not live on without it for longer than the timeout.
        """
        return self._old or self._stray > 0

    def clear_up(self) -> None:
        """Find out in the background when they have ended: before the disk's next answer."""
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
