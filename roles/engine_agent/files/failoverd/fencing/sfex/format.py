# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of an SFEX area on a shared disk: block 0 describes the area, block n is lock n."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from typing import Any

from failoverd.core.lock import Record
from failoverd.formats.codec import CodecError, from_json, shown, to_json
from failoverd.formats.strictjson import JsonError, loads

BLOCK = 4096
"""Bytes of a block; lock number n lives at n * BLOCK."""
MAGIC = b"FC-SFEX1"
_HEAD = struct.Struct(">8sI32s")


class BlockError(ValueError):
    """A block is invalid; the text says why."""


@dataclass(frozen=True)
class Area:
    """Block 0."""

    cluster: str
    locks: int


def encode(content: Area | Record) -> bytes:
    """The block, BLOCK bytes long. Raises BlockError if the names are too long for it."""
    body = json.dumps(to_json(content), separators=(",", ":")).encode()
    if _HEAD.size + len(body) > BLOCK:
        raise BlockError(f"the names are too long for a block of {BLOCK} bytes")
    head = _HEAD.pack(MAGIC, len(body), hashlib.sha256(body).digest())
    return (head + body).ljust(BLOCK, b"\0")


def decode_area(block: bytes, cluster: str) -> Area:
    """Block 0 of this cluster's area, or BlockError."""
    area = _decode(Area, block)
    if not isinstance(area, Area) or area.cluster != cluster:
        raise BlockError(f"the lock area belongs to cluster {shown(area.cluster)}, not {cluster!r}")
    return area


def decode_record(block: bytes, cluster: str, service: str) -> Record:
    """The lock of this service, or BlockError: nobody takes a lock that cannot be read."""
    record = _decode(Record, block)
    if not isinstance(record, Record) or (record.cluster, record.service) != (cluster, service):
        named = f"{record.cluster}/{record.service}"
        raise BlockError(f"the lock belongs to {shown(named)}, not to {cluster}/{service}")
    return record


def _decode(cls: type, block: bytes) -> Any:
    if len(block) != BLOCK:
        raise BlockError(f"{len(block)} bytes instead of a block of {BLOCK}")
    magic, length, digest = _HEAD.unpack_from(block)
    if magic != MAGIC:
        raise BlockError("not an SFEX block: it does not begin with the mark")
    body = block[_HEAD.size : _HEAD.size + length]
    if len(body) != length or hashlib.sha256(body).digest() != digest:
        raise BlockError("the SFEX block is damaged: its checksum is wrong")
    try:
        return from_json(cls, loads(body))
    except (CodecError, JsonError) as error:
        raise BlockError(f"the SFEX block is damaged: {error}") from None
