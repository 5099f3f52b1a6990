# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes of a serial line: any cut, lost or invented."""

from __future__ import annotations

from failoverd.links.framing import MAX_LINE, Unpacker, pack
from tests.fuzz.target import Target


def run(data: bytes) -> None:
    """In pieces of a length that the data says; a whole frame behind it gets through."""
    unpacker = Unpacker()
    size = 1 + (data[0] if data else 0)
    for at in range(0, len(data), size):
        unpacker.feed(data[at : at + size])
        assert len(unpacker._rest) <= MAX_LINE
    assert unpacker.feed(b"\n" + pack(b"sound frame"))[-1:] == [b"sound frame"]


TARGET = Target("serial", [pack(b"frame"), pack(bytes(900)) * 3, pack(b"") + b"login: "], run)
