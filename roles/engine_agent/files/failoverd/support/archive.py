# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the archive: for root alone, in one step, and never larger than its limit."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Archive:
    """Adds texts below one folder."""

    def __init__(self, tar: tarfile.TarFile, folder: str, limit: int) -> None:
        self._tar = tar
        self._folder = folder
        self._left = limit
        self.files: dict[str, int] = {}
        """Name -> bytes."""
        self.left_out: list[str] = []
        """Names of files for which there was no room."""

    def add(self, name: str, text: str) -> bool:
        """Add a file; False if there is no room for it."""
        data = text.encode("utf-8", "surrogateescape")
        if len(data) > self._left:
            self.left_out.append(name)
            return False
        self._left -= len(data)
        self.files[name] = len(data)
        entry = tarfile.TarInfo(f"{self._folder}/{name}")
        entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
        self._tar.addfile(entry, io.BytesIO(data))
        return True

    @property
    def left(self) -> int:
        """Bytes that may still be added."""
        return self._left


@contextmanager
def writing(path: Path, folder: str, limit: int) -> Iterator[Archive]:
    """An archive that replaces the file when it is complete. limit: bytes. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as tar:
            yield Archive(tar, folder, limit)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
