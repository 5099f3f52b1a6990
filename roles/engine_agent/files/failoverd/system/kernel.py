# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads files of /proc and /sys cheaply, because the daemon does it several times a second."""

from __future__ import annotations

import os

CHUNK = 65536


def read(path: str) -> bytes:
    """The whole content of a file below /proc or /sys; raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(fd, CHUNK)
        # One read may return less than the whole file.
        while text and (more := os.read(fd, CHUNK)):
            text += more
        return text
    finally:
        os.close(fd)
