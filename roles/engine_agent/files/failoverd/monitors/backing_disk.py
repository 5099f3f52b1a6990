# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the disks below DRBD from time to time: nobody else notices a hanging one (F44)."""

from __future__ import annotations

import asyncio
import mmap
import os
import random
from collections.abc import Callable
from functools import partial
from typing import Any

from failoverd.core.events import DiskTried, Event
from failoverd.system import trouble
from failoverd.system.aside import aside
from failoverd.system.pacing import Rest

from .confirm import Confirm
from .settings import DiskSettings

BLOCK = 4096
"""One read: a physical sector of every usual disk."""


def read_block(path: str, share: float) -> None:
    """Read one aligned block without the caches of this host, at this share (0 to 1) of the disk.

    Blocks as long as the disk does. Raises OSError.
    """
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC)
    try:
        blocks = os.lseek(fd, 0, os.SEEK_END) // BLOCK
        if blocks == 0:
            raise OSError(6, os.strerror(6))
        # O_DIRECT needs an aligned buffer, as an anonymous mapping is.
        with mmap.mmap(-1, BLOCK) as buffer:
            if os.preadv(fd, [buffer], int(share * (blocks - 1)) * BLOCK) != BLOCK:
                raise OSError(5, os.strerror(5))
    finally:
        os.close(fd)


class DiskWatch:
    """One backing device. Each read uses another place, because a disk has a cache of its own.

    A hanging read leaves its thread behind, at most as many threads as confirmations.
    """

    def __init__(
        self,
        service: str,
        path: str,
        settings: DiskSettings,
        post: Callable[[Event], None],
        read: Callable[[str, float], None] = read_block,
        rest: Rest = asyncio.sleep,
    ) -> None:
        self._rest = rest
        self._service = service
        self._path = path
        self._settings = settings
        self._post = post
        self._read = read
        self._confirm = Confirm(settings.confirmations, gains=3)
        self._hanging: set[asyncio.Future[None]] = set()
        self._places = random.Random()
        self.wrong = ""
        """The result of the last read, without any confirmation."""
        self.seconds: float | None = None
        """Duration of the last good read."""

    async def run(self) -> None:
        """Read for ever."""
        while True:
            await self.attempt()
            # In doubt read again at once; a hanging read has taken its time already.
            sure = self._confirm.verdict is (not self.wrong)
            await self._rest(self._settings.interval_s if sure else 1.0)

    async def attempt(self) -> None:
        """One read, or one more wait for hanging reads."""
        if len(self._hanging) < self._settings.confirmations:
            read = aside(self._read, self._path, self._places.random())
            read.add_done_callback(partial(self._ended, asyncio.get_running_loop().time()))
            self._hanging.add(read)
        first = list(self._hanging)
        await asyncio.wait(
            first, timeout=self._settings.deadline_s, return_when=asyncio.FIRST_COMPLETED
        )
        done = [read for read in first if read.done()]
        self._hanging.difference_update(done)
        if not done:
            self.wrong = f"has not answered a read for {self._settings.deadline_s:g} s"
        else:
            error = next((e for e in (read.exception() for read in done) if e is not None), None)
            if trouble.own(error):
                # F75: no read was made, which is no fault of the disk.
                return
            self.wrong = "" if error is None else f"cannot be read: {trouble.reason(error)}"
        if self._confirm.see(not self.wrong):
            self._post(DiskTried(self._service, self.wrong))

    def _ended(self, began: float, read: asyncio.Future[None]) -> None:
        if not read.cancelled() and read.exception() is None:
            self.seconds = asyncio.get_running_loop().time() - began

    def status(self) -> dict[str, Any]:
        """For failoverctl."""
        words = {None: "unknown", True: "ok", False: "sick"}
        return {
            "service": self._service,
            "device": self._path,
            "state": words[self._confirm.verdict],
            "wrong": self.wrong,
            "read_ms": None if self.seconds is None else round(self.seconds * 1000, 2),
        }
