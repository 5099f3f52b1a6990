# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads whole files up to a limit, and replaces whole files in one step."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Any

from failoverd.formats.strictjson import loads

LIMIT_BYTES = 4_000_000
"""Only the journal is larger, and that is read line by line."""


def read_bytes(path: Path, limit: int = LIMIT_BYTES) -> bytes:
    """The content of a regular file; raises OSError, also if the file is larger than the limit."""
    # Without O_NONBLOCK, a pipe in place of the file would block the daemon.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"the file is larger than {limit} bytes", str(path))
    return data


def read_text(path: Path, limit: int = LIMIT_BYTES) -> str:
    """The text of a file; raises OSError, or ValueError for what is not UTF-8."""
    return read_bytes(path, limit).decode()


def read_json(path: Path, limit: int = LIMIT_BYTES) -> Any:
    """The value of a JSON file; raises OSError or JsonError."""
    return loads(read_bytes(path, limit))


def read_number(path: Path, low: int, high: int) -> int:
    """The whole number in a file, between two bounds; raises OSError or ValueError."""
    text = read_bytes(path, 64).decode("ascii").strip()
    if not text.isdigit() or not low <= int(text) <= high:
        raise ValueError(f"{path}: not a whole number between {low} and {high}")
    return int(text)


def write_whole(path: Path, content: str, *, durable: bool = False) -> None:
    """Replace a file (0600) in one step. If it raises OSError, the old content is still there.

    The new content survives a crash of the daemon; with durable, also a loss of power.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            rest = memoryview(content.encode("utf-8", "backslashreplace"))
            while rest:
                # A nearly full disk takes a part, and refuses the rest at the next call.
                rest = rest[os.write(fd, rest) :]
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
