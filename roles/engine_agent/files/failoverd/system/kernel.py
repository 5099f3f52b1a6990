# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the kernel's own files, which several times a second has to cost next to nothing."""

from __future__ import annotations

import os

CHUNK = 65536


def read(path: str) -> bytes:
    """The whole of a file below /proc or /sys; raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(fd, CHUNK)
        # The kernel may give less than there is, a page at a time.
        while text and (more := os.read(fd, CHUNK)):
            text += more
        return text
    finally:
        os.close(fd)
