# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames as base64 lines on a byte stream that may lose, add or split bytes."""

from __future__ import annotations

import base64
import binascii
import contextlib

from .wire import MAX_BYTES

MAX_LINE = (MAX_BYTES + 2) // 3 * 4
BITS = 10
"""Bits of a byte on the line, with start and stop bit."""


def pack(frame: bytes) -> bytes:
    """The frame as a line. The leading newline ends any garbage before it."""
    return b"\n" + base64.b64encode(frame) + b"\n"


def line_bytes(frame_bytes: int) -> int:
    """Length of the line for a frame of that length."""
    return (frame_bytes + 2) // 3 * 4 + 2


class Unpacker:
    """Cuts frames out of received bytes; holds back at most one line (F70)."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self._length = 0

    @property
    def missing(self) -> int:
        """Bytes that an incomplete line lacks to the length of the last one; else 0."""
        return max(1, self._length - len(self._rest)) if self._rest else 0

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that these bytes complete. Garbage is skipped."""
        *lines, rest = (self._rest + data).split(b"\n")
        if self._skipping and lines:
            lines = lines[1:]
            self._skipping = False
        self._rest = b"" if self._skipping else rest
        if len(self._rest) > MAX_LINE:
            self._rest = b""
            self._skipping = True
        frames = []
        for line in lines:
            if not line or len(line) > MAX_LINE:
                continue
            with contextlib.suppress(binascii.Error):
                frames.append(base64.b64decode(line, validate=True))
                self._length = len(line) + 1
        return frames
