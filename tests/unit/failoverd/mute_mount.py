# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system whose server answers no more, as NFS with a dead server: FUSE without a program.

Every process of this machine that looks at it waits, whichever test it belongs to, and takes no
signal but SIGKILL. So its end lets go of all of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import stat
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from failoverd.system import mounts
from tests.unit.bounded import LIMIT_S

GETATTR, INIT = 3, 26
DETACH = 2
HEADER = struct.Struct("=IIQ")
"""Of a request: length, operation, its number."""


@dataclass
class MuteMount:
    """It serves its root until it is to be mute. An event on end ends it."""

    path: Path
    fd: int
    end: int
    mute: threading.Event = field(default_factory=threading.Event)
    waits: threading.Event = field(default_factory=threading.Event)
    """Somebody waits for an answer that does not come."""

    def serve(self) -> None:
        """In a thread. It never waits in a read: its reference to the device would stay."""
        while self.end not in (ready := select.select([self.fd, self.end], [], [])[0]):
            try:
                self._serve_one()
            except OSError as error:
                if error.errno == errno.ENODEV and self.fd in ready:  # unmounted
                    return

    def _serve_one(self) -> None:
        """Raises OSError, too, if who asked has left meanwhile."""
        _length, operation, number = HEADER.unpack_from(os.read(self.fd, 1 << 18))
        if self.mute.is_set() and operation != INIT:
            self.waits.set()
            return
        error, answer = self._answer(operation)
        size = 16 + len(answer)
        os.write(self.fd, struct.pack("=IiQ", size, -error, number) + answer)

    def _answer(self, operation: int) -> tuple[int, bytes]:
        if operation == INIT:
            return 0, struct.pack("=IIIIHHI", 7, 31, 4096, 0, 1, 1, 4096).ljust(64, b"\0")
        if operation == GETATTR:
            mode = stat.S_IFDIR | 0o755
            attributes = struct.pack("=6Q10I", 1, 0, 0, 0, 0, 0, 0, 0, 0, mode, 2, 0, 0, 0, 4096, 0)
            return 0, struct.pack("=QII", 0, 0, 0) + attributes
        return errno.ENOSYS, b""


@contextlib.contextmanager
def mute_mount(path: Path) -> Iterator[MuteMount]:
    """Mounted there. Whoever waits for it is let go at the end."""
    fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    mounted = MuteMount(path, fd, os.eventfd(0))
    thread = threading.Thread(target=mounted.serve, daemon=True)
    try:
        mounts.mount("mute", str(path), "fuse", f"fd={fd},rootmode=40000,user_id=0,group_id=0")
        thread.start()
        yield mounted
    finally:
        ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(path), DETACH)
        os.eventfd_write(mounted.end, 1)
        if thread.ident is not None:
            thread.join(LIMIT_S)
        # Nobody else has the device open: the kernel ends the connection and all that wait for it.
        os.close(fd)
        os.close(mounted.end)
