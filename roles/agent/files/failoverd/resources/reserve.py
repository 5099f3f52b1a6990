# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room that is kept back on a file system, so that a full one never keeps a service down (F91).

A database that finds no room at its start ends at once, and whoever wants to delete something needs
it up. So some blocks and some inodes are taken while there is room, and given back when there is
none at a start. All functions block.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

NAME = ".failover-reserve"
LARGEST = 64 << 20
SMALLEST = 1 << 20
SHARE = 0.05
"""Of the file system, and no more than LARGEST: enough for several segments of PostgreSQL's log."""
FILES = 64
PLENTY = 3
"""It is made only while so many times its own size is free: it takes nobody's last room."""


def size_for(here: os.statvfs_result) -> int:
    """Bytes of the reserve of a file system, 0 if it is too small for one."""
    size = min(LARGEST, int(here.f_blocks * here.f_frsize * SHARE))
    few = 0 < here.f_files < 10 * FILES
    return size if size >= SMALLEST and not few else 0


def kept(path: str) -> int:
    """Bytes that are kept back there; 0 if nothing is."""
    try:
        return (Path(path, NAME) / "space").stat().st_blocks * 512 if _ours(path) else 0
    except OSError:
        return 0


def keep(path: str) -> int:
    """Take the reserve if it is not whole and there is plenty of room; bytes that were taken.

    Raises OSError, as on a file system that is read-only.
    """
    here = os.statvfs(path)
    size, before = size_for(here), kept(path)
    missing = size - before
    # A file system without a fixed number of inodes says 0 of both.
    inodes = here.f_files == 0 or here.f_favail >= PLENTY * FILES
    if missing < SMALLEST or here.f_bavail * here.f_frsize < PLENTY * missing or not inodes:
        return 0
    place = Path(path, NAME)
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    if not _ours(path):
        return 0
    try:
        _fill(place, size)
    except OSError:
        _remove(place)
        raise
    return missing


def _fill(place: Path, size: int) -> None:
    for number in range(FILES):
        (place / f"inode-{number:02}").touch(mode=0o600)
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(place / "space", flags, 0o600)
    try:
        os.posix_fallocate(fd, 0, size)
    finally:
        os.close(fd)


def give_up(path: str) -> int:
    """Give the reserve back if the file system is full; bytes that are free again. OSError."""
    here = os.statvfs(path)
    size = size_for(here)
    blocks = here.f_bavail * here.f_frsize < size
    inodes = here.f_files != 0 and here.f_favail < FILES
    freed = kept(path)
    if not freed or not (blocks or inodes):
        return 0
    _remove(Path(path, NAME))
    return freed


def _remove(place: Path) -> None:
    for entry in list(place.iterdir()):
        entry.unlink()
    place.rmdir()


def _ours(path: str) -> bool:
    """A directory of this user's: what somebody else calls so is left alone."""
    try:
        found = Path(path, NAME).lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
