# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames on a byte stream that may lose, invent or split bytes: base64 lines."""

from __future__ import annotations

import base64
import binascii
import contextlib

from .wire import MAX_BYTES

MAX_LINE = (MAX_BYTES + 2) // 3 * 4
BITS = 10
"""That a byte takes on the line, with its start and stop bit."""


def pack(frame: bytes) -> bytes:
    """A line of its own: the leading newline ends whatever rubbish came before."""
    return b"\n" + base64.b64encode(frame) + b"\n"


def line_bytes(frame_bytes: int) -> int:
    """How long a frame of that length is as a line."""
    return (frame_bytes + 2) // 3 * 4 + 2


class Unpacker:
    """Cuts frames out of received bytes; holds back at most one line (F70)."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self._length = 0

    @property
    def missing(self) -> int:
        """Bytes that a line which has begun lacks to be as long as the last one; 0 if none has."""
        return max(1, self._length - len(self._rest)) if self._rest else 0

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that these bytes complete. Rubbish is skipped."""
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
