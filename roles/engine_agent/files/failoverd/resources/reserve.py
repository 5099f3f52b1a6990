# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps room back on a file system, so that a full one does not keep its service down (F91).

A database without room at its start ends at once, and deleting its data needs a running database.
So some blocks and inodes are taken while there is room, and given back at a start without room. All
functions block.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

NAME, SPACE = ".failover-reserve", "space"
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
NONE = -1
LARGEST = 64 << 20
SMALLEST = 1 << 20
SHARE = 0.05
"""Share of the file system, at most LARGEST: enough for several segments of PostgreSQL's log."""
FILES = 64
PLENTY = 3
"""It is made only while so many times its size is free."""


def size_for(here: os.statvfs_result) -> int:
    """Bytes of the reserve of a file system, 0 if it is too small for one."""
    size = min(LARGEST, int(here.f_blocks * here.f_frsize * SHARE))
    few = 0 < here.f_files < 10 * FILES
    return size if size >= SMALLEST and not few else 0


def kept(path: str) -> int:
    """Bytes that are kept back there; 0 if nothing is."""
    try:
        with _root(path) as root, _place(root) as place:
            return _kept(place)
    except OSError:
        return 0


def keep(path: str) -> int:
    """Complete the reserve if there is plenty of room; returns the bytes taken.

    Raises OSError, for example if the file system is read-only or not mounted.
    """
    with _root(path) as root:
        here = os.fstatvfs(root)
        with _place(root) as place:
            missing = size_for(here) - _kept(place)
        # A file system without a fixed number of inodes reports 0 for both.
        inodes = here.f_files == 0 or here.f_favail >= PLENTY * FILES
        if missing < SMALLEST or here.f_bavail * here.f_frsize < PLENTY * missing or not inodes:
            return 0
        with contextlib.suppress(FileExistsError):
            os.mkdir(NAME, 0o700, dir_fd=root)
        with _place(root) as place:
            if place == NONE:
                return 0
            try:
                _fill(place, size_for(here))
            except OSError:
                _remove(root, place)
                raise
    return missing


def give_up(path: str) -> int:
    """Give the reserve back if the file system is full; returns the bytes freed. OSError."""
    with _root(path) as root, _place(root) as place:
        here, freed = os.fstatvfs(root), _kept(place)
        blocks = here.f_bavail * here.f_frsize < size_for(here)
        inodes = here.f_files != 0 and here.f_favail < FILES
        if not freed or not (blocks or inodes):
            return 0
        _remove(root, place)
        return freed


def free(path: str) -> int:
    """Bytes that any account may write there. Raises OSError."""
    here = os.statvfs(path)
    return here.f_bavail * here.f_frsize


@contextlib.contextmanager
def _root(path: str) -> Iterator[int]:
    """The root of the file system that is mounted there. Raises OSError if none is mounted.

    All work goes through it. The service may be stopped at any moment, and then the files below the
    mount point belong to another file system.
    """
    fd = os.open(path, DIRECTORY)
    try:
        if os.fstat(fd).st_dev == os.stat("..", dir_fd=fd).st_dev:
            raise OSError(errno.EINVAL, "nothing is mounted there", path)
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _place(root: int) -> Iterator[int]:
    """The directory of the reserve, NONE if there is none. One of another user is left alone."""
    fd = NONE
    try:
        with contextlib.suppress(OSError):
            fd = os.open(NAME, DIRECTORY | os.O_NOFOLLOW, dir_fd=root)
        yield fd if fd != NONE and os.fstat(fd).st_uid == os.geteuid() else NONE
    finally:
        if fd != NONE:
            os.close(fd)


def _kept(place: int) -> int:
    if place == NONE:
        return 0
    try:
        return os.stat(SPACE, dir_fd=place, follow_symlinks=False).st_blocks * 512
    except FileNotFoundError:
        return 0


def _fill(place: int, size: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    for number in range(FILES):
        os.close(os.open(f"inode-{number:02}", flags, 0o600, dir_fd=place))
    fd = os.open(SPACE, flags, 0o600, dir_fd=place)
    try:
        os.posix_fallocate(fd, 0, size)
    finally:
        os.close(fd)


def _remove(root: int, place: int) -> None:
    for name in os.listdir(place):
        os.unlink(name, dir_fd=place)
    os.rmdir(NAME, dir_fd=root)
