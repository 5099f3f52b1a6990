# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the processes that use a file system, mount or device, and ends only these (F54, F40)."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .remote import Remote

TERM_S = 3.0
KILL_S = 3.0


class Target(Protocol):
    """A thing that a process may use."""

    def used_by(self, process: Path, remote: Remote) -> bool:
        """Whether the process with this directory below /proc uses it."""


@dataclass(frozen=True)
class Content:
    """The file system on a device (major, minor), wherever it is or was mounted."""

    device: tuple[int, int]

    def used_by(self, process: Path, remote: Remote) -> bool:
        """Whether it has a file, directory, program or mapping there."""
        number = os.makedev(*self.device)
        for link in _links(process):
            with contextlib.suppress(OSError):
                if _on_a_disk(link, process, remote) and link.stat().st_dev == number:
                    return True
        mapping = f" {self.device[0]:02x}:{self.device[1]:02x} ".encode()
        with contextlib.suppress(OSError), (process / "maps").open("rb") as file:
            return any(mapping in line for line in file)
        return False


@dataclass(frozen=True)
class Node:
    """The block device itself, mounted or not."""

    device: tuple[int, int]

    def used_by(self, process: Path, remote: Remote) -> bool:
        """Whether it holds the device open."""
        number = os.makedev(*self.device)
        for link in _files(process):
            with contextlib.suppress(OSError):
                if _on_a_disk(link, process, remote):
                    found = link.stat()
                    if stat.S_ISBLK(found.st_mode) and found.st_rdev == number:
                        return True
        return False


@dataclass(frozen=True)
class Single:
    """One mount by its number in mountinfo, and no other mount of the same file system."""

    mount: int

    def used_by(self, process: Path, remote: Remote) -> bool:
        """Whether it opened a file or directory through this mount."""
        links = _links(process, maps=True)
        return any(_mount_of(link, process, remote) == self.mount for link in links)


def _on_a_disk(link: Path, process: Path, remote: Remote) -> bool:
    """Whether the file may be asked for its type and device.

    Anonymous files such as sockets have no path, and are not asked. Another host's file may not
    answer.
    """
    path = str(link.readlink())
    return path.startswith("/") and remote.mount(process, path) is None


def _mount_of(link: Path, process: Path, remote: Remote) -> int:
    """The number of the mount of a link below /proc; 0 if it is gone."""
    try:
        far = remote.mount(process, str(link.readlink()))
        if far is not None:
            return far.number
        fd = os.open(link, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        text = Path(f"/proc/thread-self/fdinfo/{fd}").read_text(encoding="ascii")
    except OSError:
        return 0
    finally:
        os.close(fd)
    numbers = [line.split()[1] for line in text.splitlines() if line.startswith("mnt_id:")]
    return int(numbers[0]) if numbers else 0


def _links(process: Path, *, maps: bool = False) -> Iterator[Path]:
    yield from (process / "cwd", process / "root", process / "exe")
    yield from _files(process)
    if maps:
        with contextlib.suppress(OSError):
            yield from (process / "map_files").iterdir()


def _files(process: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (process / "fd").iterdir()


def find(target: Target) -> set[int]:
    """The numbers of the processes that use it, without this process and process 1."""
    numbers = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    numbers -= {1, os.getpid()}
    remote = Remote()
    return {pid for pid in numbers if target.used_by(Path(f"/proc/{pid}"), remote)}


def name_of(pid: int) -> str:
    """The name of a process, for people."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        name = "process"
    return f"{name} ({pid})"


def end(target: Target) -> list[str]:
    """Send TERM, then KILL, to the processes of find(); returns the names of those that were hit.

    A process gets the signal through its pidfd after it was seen to use the target, so a reused
    number cannot hit another process. Blocks for at most TERM_S + KILL_S.
    """
    names: dict[int, str] = {}
    for number, patience in ((signal.SIGTERM, TERM_S), (signal.SIGKILL, KILL_S)):
        for pid in find(target):
            names.setdefault(pid, _signal(pid, target, number))
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not find(target):
                return sorted(filter(None, names.values()))
            time.sleep(0.05)
    return sorted(filter(None, names.values()))


def _signal(pid: int, target: Target, number: signal.Signals) -> str:
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return ""
    try:
        name = name_of(pid)
        if not target.used_by(Path(f"/proc/{pid}"), Remote()):
            return ""
        signal.pidfd_send_signal(handle, number)
        return name
    except OSError:
        return ""
    finally:
        os.close(handle)
