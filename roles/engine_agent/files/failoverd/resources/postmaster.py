# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes lock files of a crashed PostgreSQL that would keep the next one down (F55).

A server takes a lock file for valid if any process of its account has the number in it. After a
crash that may be another program, and the server refuses every start.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from failoverd.system import kernel

from .remote import Remote

PIDFILE = "postmaster.pid"
STANDBY = "standby.signal"
LONGEST = 4096
DATA, PORT, SOCKETS = 1, 3, 4
"""Lines of a lock file, counted from 0: the data directory, the port, the socket's directory."""


def standby(data: str) -> str:
    """The file that makes a server of this directory a standby, empty if there is none. Blocks."""
    path = Path(data, STANDBY)
    return str(path) if path.exists() else ""


def door(data: str) -> tuple[str, int]:
    """The socket of the server of this directory, and the account that it runs as. Blocks.

    Raises OSError, also if its lock file names no socket.
    """
    lines = _lines(Path(data, PIDFILE))
    if len(lines) <= SOCKETS or not (lines[SOCKETS].startswith("/") and lines[PORT].isdecimal()):
        raise FileNotFoundError(f"{data}: no server with a socket")
    return f"{lines[SOCKETS]}/.s.PGSQL.{lines[PORT]}", Path(data).stat().st_uid


def clear(data: str, proc: str | Path = "/proc") -> list[str]:
    """Remove the lock files of a data directory without a server; returns their paths.

    Only lock files that block a start, because a process with their number lives. All processes of
    a server have the data directory as working directory, in any namespace. If no process has it,
    there is no server. Blocks with the file system; raises OSError.
    """
    pidfile = Path(data, PIDFILE)
    lines = _lines(pidfile)
    locks = [pidfile]
    if len(lines) > SOCKETS and lines[SOCKETS].startswith("/") and lines[PORT].isdecimal():
        socket = Path(lines[SOCKETS], f".s.PGSQL.{lines[PORT]}.lock")
        # A server with another data directory may have the port by now.
        locks += [socket] if _is_of(socket, data) else []
    stale = [lock for lock in locks if _held_by_number(lock, proc)]
    if not stale or _worked_in(data, proc):
        return []
    for lock in stale:
        lock.unlink()
    return [str(lock) for lock in stale]


def _lines(path: Path) -> list[str]:
    """The beginning of a file that others may have written; empty if it is not a regular file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return []
        return os.read(fd, LONGEST).decode(errors="replace").splitlines()
    finally:
        os.close(fd)


def _held_by_number(lock: Path, proc: str | Path) -> bool:
    """Whether a process with the number in a lock file lives."""
    try:
        number = abs(int(_lines(lock)[0]))
    except (ValueError, IndexError):
        return False
    return Path(proc, str(number)).exists()


def _is_of(lock: Path, data: str) -> bool:
    """Whether a lock file belongs to a server with this data directory."""
    lines = _lines(lock)
    return len(lines) > DATA and os.path.realpath(lines[DATA]) == os.path.realpath(data)


def _worked_in(data: str, proc: str | Path) -> bool:
    """Whether a server or one of its processes works in this directory.

    Only processes of its owner count: a server refuses the directory of another account.
    """
    home, remote = Path(data).stat(), Remote()
    far = remote.mount(Path(proc, "self"), os.path.realpath(data)) is not None
    for entry in Path(proc).iterdir():
        if not entry.name.isdigit():
            continue
        try:
            cwd = entry / "cwd"
            mine = home.st_uid in _accounts(entry)
            # The directory of another host may not answer, and is not on this host.
            mine = mine and (far or remote.mount(entry, str(cwd.readlink())) is None)
            if mine and os.path.samestat(cwd.stat(), home):
                return True
        except (FileNotFoundError, ProcessLookupError):
            continue
        except PermissionError:
            return True
    return False


def _accounts(process: Path) -> set[int]:
    """Real, effective, saved and file system uid of a process."""
    status = kernel.read(str(process / "status")).decode(errors="replace")
    return {int(uid) for uid in re.findall(r"^Uid:(.*)$", status, re.MULTILINE)[0].split()}
