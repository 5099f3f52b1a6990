# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of a shared disk, which another cluster or a broken disk may have written."""

from __future__ import annotations

import contextlib
import hashlib
import struct
from random import Random

from failoverd.core import lock
from failoverd.fencing.sfex.format import (
    BLOCK,
    MAGIC,
    Area,
    BlockError,
    decode_area,
    decode_record,
    encode,
)
from tests.fuzz.target import Target

HEAD = struct.Struct(">8sI32s")
MINE = lock.Record("shop", "db", "node1", 77)
TIMES = lock.Times()


def _body(content: Area | lock.Record) -> bytes:
    return encode(content)[HEAD.size :].rstrip(b"\0")


def seal(rng: Random, body: bytes) -> bytes:
    """Mostly with the right checksum around it."""
    if rng.random() < 0.1:
        return body
    body = body[: BLOCK - HEAD.size]
    return (HEAD.pack(MAGIC, len(body), hashlib.sha256(body).digest()) + body).ljust(BLOCK, b"\0")


def run(data: bytes) -> bool:
    """A record that is accepted is what the rules of the lock then reckon with."""
    with contextlib.suppress(BlockError):
        decode_area(data, "shop")
        return True
    try:
        found = decode_record(data, "shop", "db")
    except BlockError as error:
        assert len(str(error)) < 300, "a message that is too long"
        return False
    claim, step = lock.claim_read(lock.Claim(MINE, TIMES), found, 100.0, 100.1)
    lock.claim_read(claim, found, step.at, step.at + 20.0)
    _hold, step = lock.hold_read(lock.Hold(MINE, TIMES, 100.0), found, 101.0)
    for record in (found, step.record, lock.free(found)):
        if record is not None:
            encode(record)
    return True


OTHER = lock.Record("shop", "db", "node2", 99)
TARGET = Target("sfex", [_body(Area("shop", 8)), _body(MINE), _body(OTHER)], run, seal)
