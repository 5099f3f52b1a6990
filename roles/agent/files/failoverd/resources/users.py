# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes that use a mounted file system or a device, and ending exactly those (F54, F40)."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

TERM_S = 3.0
KILL_S = 3.0


def find(device: tuple[int, int], *, itself: bool = False) -> set[int]:
    """Process numbers with a file, directory, program or mapping on the device.

    itself: those that hold the block device open instead, mounted or not.
    """
    number = os.makedev(*device)
    mapping = f" {device[0]:02x}:{device[1]:02x} ".encode()
    own = os.getpid()
    users = set()
    for entry in Path("/proc").iterdir():
        pid = int(entry.name) if entry.name.isdigit() else own
        held = _holds if itself else _uses
        if pid not in (1, own) and held(entry, number, mapping):
            users.add(pid)
    return users


def _holds(process: Path, number: int, _mapping: bytes) -> bool:
    for link in _files(process):
        with contextlib.suppress(OSError):
            if str(link.readlink()).startswith("/"):
                found = link.stat()
                if stat.S_ISBLK(found.st_mode) and found.st_rdev == number:
                    return True
    return False


def _uses(process: Path, number: int, mapping: bytes) -> bool:
    for link in _links(process):
        try:
            # Anonymous files such as sockets have no path; asking them is needless work.
            if str(link.readlink()).startswith("/") and link.stat().st_dev == number:
                return True
        except OSError:
            continue
    with contextlib.suppress(OSError), (process / "maps").open("rb") as file:
        return any(mapping in line for line in file)
    return False


def _links(process: Path) -> Iterator[Path]:
    yield from (process / "cwd", process / "root", process / "exe")
    yield from _files(process)


def _files(process: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (process / "fd").iterdir()


def end(device: tuple[int, int], *, itself: bool = False) -> list[str]:
    """TERM, then KILL, whom find() finds; returns the names of those that were met.

    A process is signalled through its pidfd after it was seen to use the device, so that a
    reused number cannot hit a stranger. Blocks for at most TERM_S + KILL_S.
    """
    names: dict[int, str] = {}
    for number, patience in ((signal.SIGTERM, TERM_S), (signal.SIGKILL, KILL_S)):
        for pid in find(device, itself=itself):
            names.setdefault(pid, _signal(pid, device, number, itself=itself))
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not find(device, itself=itself):
                return sorted(filter(None, names.values()))
            time.sleep(0.05)
    return sorted(filter(None, names.values()))


def _signal(pid: int, device: tuple[int, int], number: signal.Signals, *, itself: bool) -> str:
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return ""
    try:
        process = Path(f"/proc/{pid}")
        name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
        mapping = f" {device[0]:02x}:{device[1]:02x} ".encode()
        held = _holds if itself else _uses
        if not held(process, os.makedev(*device), mapping):
            return ""
        signal.pidfd_send_signal(handle, number)
        return f"{name} ({pid})"
    except OSError:
        return ""
    finally:
        os.close(handle)
