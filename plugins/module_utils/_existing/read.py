# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads files of a host up to a limit. root stands before every path, so that tests have a host."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Iterable
from typing import Any

LONGEST = 256 * 1024
"""Bytes of a file that are read; configuration is far smaller."""
MOST = 200
"""Files of one pattern."""

Clean = Callable[[str], str]


def file(path: str, clean: Clean, root: str = "", longest: int = LONGEST) -> dict[str, Any] | None:
    """Return text, mode and cut of a plain file, None if there is none.

    clean takes the secrets out. cut: the file is longer than what was read.
    """
    try:
        # A pipe or a device would never end, or would do something.
        descriptor = os.open(root + path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as handle:
        found = os.fstat(handle.fileno())
        if not stat.S_ISREG(found.st_mode):
            return None
        data = handle.read(longest + 1)
    text = data[:longest].decode("utf-8", errors="replace")
    return {
        "text": clean(text),
        "mode": f"{found.st_mode & 0o777:o}",
        "cut": len(data) > longest,
    }


def files(paths: Iterable[str], clean: Clean, root: str = "") -> dict[str, dict[str, Any]]:
    """Return the files that are there, by their paths."""
    found = ((path, file(path, clean, root)) for path in paths)
    return {path: one for path, one in found if one is not None}


def matching(pattern: str, root: str = "") -> list[str]:
    """Return the paths that match a pattern, without the root."""
    return [path[len(root) :] for path in sorted(glob.glob(glob.escape(root) + pattern))[:MOST]]


def names(directory: str, root: str = "") -> list[str]:
    """Return the names in a directory, [] if there is none."""
    try:
        return sorted(os.listdir(root + directory))
    except OSError:
        return []
