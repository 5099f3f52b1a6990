# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and writes single blocks of a shared disk, without caches, on a thread of its own.

A system call on a dead disk cannot be ended. So each lock has its own thread, and callers wait for
it with a limit (F44, F65). If the caller gives up before the call has begun, the call is dropped:
an old record must not reach the disk after a new one.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import mmap
import os
import queue
import stat
import threading
from collections.abc import Callable
from typing import TypeVar

from failoverd.system import trouble

from .format import BLOCK

T = TypeVar("T")


class Lane:
    """A thread that does one call after the other. The daemon does not wait for it at its end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def call(self, function: Callable[[], T]) -> T:
        """Call the function there. If cancelled before it began, it is not called."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            thread.start()
            self._thread = thread
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

        self._work.put(work)
        return await asyncio.wrap_future(future)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def close(self) -> None:
        """End the thread after its present call."""
        self._work.put(None)


class Disk:
    """A block device, opened without the page cache, and opened again after an error."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        # O_DIRECT needs memory that is aligned to the blocks of the device, as a mapping is.
        self._buffer = mmap.mmap(-1, BLOCK)

    def _open(self) -> int:
        if self._fd < 0:
            flags = os.O_RDWR | os.O_DIRECT | os.O_DSYNC | os.O_CLOEXEC
            fd = os.open(self._path, flags)
            kind = os.fstat(fd).st_mode
            if not (stat.S_ISBLK(kind) or stat.S_ISREG(kind)):
                os.close(fd)
                raise OSError(errno.ENOTBLK, os.strerror(errno.ENOTBLK))
            self._fd = fd
        return self._fd

    def read(self, number: int) -> bytes:
        """One block; raises OSError, also for a block beyond the end of the device."""
        try:
            done = os.preadv(self._open(), [self._buffer], number * BLOCK)
            if done != BLOCK:
                raise OSError(errno.EIO, f"block {number} lies beyond the end")
            return bytes(self._buffer)
        except OSError as error:
            self._failed(error)
            raise

    def write(self, number: int, data: bytes) -> None:
        """Write one block; on return it is on the medium. Raises OSError."""
        try:
            fd = self._open()
            self._buffer[:] = data
            if os.pwritev(fd, [self._buffer], number * BLOCK) != BLOCK:
                raise OSError(errno.EIO, f"block {number} was not written as a whole")
        except OSError as error:
            self._failed(error)
            raise

    def _failed(self, error: OSError) -> None:
        """Close the disk, unless this daemon lacked the means: it could not open it again."""
        if not trouble.own(error):
            self.close()

    def close(self) -> None:
        """Close the device; the next use opens it."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
