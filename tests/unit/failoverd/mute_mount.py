# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system whose server answers no more, as NFS with a dead server: FUSE without a program."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from failoverd.system import mounts

GETATTR, INIT = 3, 26
DETACH = 2
HEADER = struct.Struct("=IIQ")
"""Of a request: length, operation, its number."""


@dataclass
class MuteMount:
    """It serves its root until it is to be mute."""

    path: Path
    fd: int
    mute: threading.Event

    def serve(self) -> None:
        """In a thread."""
        with contextlib.suppress(OSError):  # unmounted
            while True:
                request = os.read(self.fd, 1 << 18)
                if self.mute.is_set():
                    continue
                _length, operation, number = HEADER.unpack_from(request)
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
    fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    mounts.mount("mute", str(path), "fuse", f"fd={fd},rootmode=40000,user_id=0,group_id=0")
    mounted = MuteMount(path, fd, threading.Event())
    threading.Thread(target=mounted.serve, daemon=True).start()
    try:
        yield mounted
    finally:
        # The connection ends with its mount: closing the device alone leaves the reader in it.
        libc = ctypes.CDLL(None, use_errno=True)
        numbers = [m.device[1] for m in mounts.mounted() if m.path == str(path)]
        for number in numbers:
            with contextlib.suppress(OSError):
                Path(f"/sys/fs/fuse/connections/{number}/abort").write_text("1")
        libc.umount2(os.fsencode(path), DETACH)
        os.close(fd)
