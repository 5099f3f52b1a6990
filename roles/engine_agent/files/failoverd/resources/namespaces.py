# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other mount namespaces of this host: lists their mounts, and unmounts there (F71)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failoverd.system import mounts

from . import users

CLONE_FS, CLONE_NEWNS = 0x200, 0x20000
NAME = re.compile(r"mnt:\[\d+\]")


@dataclass(frozen=True)
class Namespace:
    """A namespace other than that of this daemon. door: the file that leads into it."""

    door: str
    name: str

    def mounted(self) -> list[mounts.Mount]:
        """Its mounts, oldest first. Raises OSError."""
        with _directory("/proc") as proc:
            text = self._inside(_read, "thread-self/mountinfo", proc)
        return mounts.mounted(text.decode("utf-8", "surrogateescape"))

    def unmount(self, path: str) -> None:
        """The same as mounts.unmount(). Raises OSError."""
        self._inside(mounts.unmount, path)

    def _inside(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call it on a thread that moves there; a thread that shares its root cannot (setns(2))."""
        result: list[Any] = []
        problem: list[OSError] = []

        def work() -> None:
            try:
                libc = ctypes.CDLL(None, use_errno=True)
                with _directory(self.door, os.O_RDONLY) as door:
                    _must(libc.unshare(CLONE_FS))
                    _must(libc.setns(door, CLONE_NEWNS))
                result.append(function(*arguments))
            except OSError as error:
                problem.append(error)

        thread = threading.Thread(target=work, daemon=True, name="namespace")
        thread.start()
        thread.join()
        if problem:
            raise problem[0]
        return result[0]


def _must(code: int) -> None:
    if code:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@contextlib.contextmanager
def _directory(path: str, flags: int = os.O_RDONLY | os.O_DIRECTORY) -> Iterator[int]:
    fd = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _read(path: str, directory: int) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    with os.fdopen(fd, "rb") as file:
        return file.read()


def foreign() -> list[Namespace]:
    """All namespaces that a process lives in, holds open, or that a mount keeps."""
    own = str(Path("/proc/self/ns/mnt").readlink())
    found: dict[str, Namespace] = {}
    pids = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    for pid in pids:
        with contextlib.suppress(OSError):
            door = f"/proc/{pid}/ns/mnt"
            found.setdefault(str(Path(door).readlink()), Namespace(door, users.name_of(pid)))
    for pid in pids:
        for door, name in _open_doors(pid):
            found.setdefault(name, Namespace(door, users.name_of(pid)))
    for entry in mounts.mounted():
        if entry.fstype == "nsfs" and NAME.fullmatch(entry.root):
            found.setdefault(entry.root, Namespace(entry.path, f"nobody, kept at {entry.path}"))
    found.pop(own, None)
    return list(found.values())


def _open_doors(pid: int) -> Iterator[tuple[str, str]]:
    with contextlib.suppress(OSError):
        for door in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                name = str(door.readlink())
                if NAME.fullmatch(name):
                    yield str(door), name
