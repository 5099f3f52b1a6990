# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of an area of locks on a shared disk, as failoverd reads them (core/lock_block.py)."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

BLOCK = 4096
MAGIC = b"FC-SFEX1"
HEAD = struct.Struct(">8sI32s")


def encode(content: Mapping[str, Any]) -> bytes:
    """Return the block that holds these fields."""
    body = json.dumps(dict(content), separators=(",", ":")).encode()
    if HEAD.size + len(body) > BLOCK:
        raise ValueError("the names are too long for a block.")
    head = HEAD.pack(MAGIC, len(body), hashlib.sha256(body).digest())
    return (head + body).ljust(BLOCK, b"\0")


def decode(block: bytes) -> dict[str, Any] | None:
    """Return the fields of a sound block, None for anything else."""
    if len(block) != BLOCK:
        return None
    magic, length, digest = HEAD.unpack_from(block)
    body = block[HEAD.size : HEAD.size + length]
    if magic != MAGIC or hashlib.sha256(body).digest() != digest:
        return None
    result = json.loads(body)
    return result if isinstance(result, dict) else None


def area(cluster: str, locks: int) -> bytes:
    """Return block 0."""
    return encode({"cluster": cluster, "locks": locks})


def free(cluster: str, service: str) -> bytes:
    """Return the block of a lock that nobody has."""
    return encode({"cluster": cluster, "service": service})
