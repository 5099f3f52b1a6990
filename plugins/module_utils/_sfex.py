# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of an area of locks on a shared disk, in the format of fencing/sfex/format.py."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

BLOCK = 4096
MOST = 64
"""Locks of an area."""
MAGIC = b"FC-SFEX1"
HEAD = struct.Struct(">8sI32s")
Run = Callable[[Sequence[str]], tuple[int, str, str]]
INIT = "/usr/sbin/sfex_init"
"""Makes the area of the agent sfex of the distribution (resource-agents)."""
OF_AGENT = struct.Struct(">4s4s4s8s4s")
"""Of that: its mark, version, revision, size of a block, and number of locks, as texts."""


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


def room_of_agent(block: bytes) -> int:
    """Return how many locks an area of the agent sfex has, 0 for anything else."""
    mark, _version, _revision, _size, room = OF_AGENT.unpack_from(block)
    digits = room.rstrip(b"\0")
    return int(digits) if mark == b"SFEX" and digits.isdigit() else 0


def area(cluster: str, locks: int) -> bytes:
    """Return block 0."""
    return encode({"cluster": cluster, "locks": locks})


def free(cluster: str, service: str) -> bytes:
    """Return the block of a lock that nobody has."""
    return encode({"cluster": cluster, "service": service})


def locks(device: str) -> dict[str, int]:
    """Return the number of each service's lock on a device, {} for one that has no area."""
    try:
        handle = os.open(device, os.O_RDONLY | os.O_DIRECT)
    except OSError:
        return {}
    try:
        with mmap.mmap(-1, BLOCK) as buffer:
            head = _block(handle, buffer, 0)
            room = head.get("locks") if head is not None else 0
            result: dict[str, int] = {}
            for number in range(1, min(room, MOST) + 1 if isinstance(room, int) else 1):
                found = _block(handle, buffer, number)
                if found is not None and isinstance(found.get("service"), str):
                    result[found["service"]] = number
            return result
    finally:
        os.close(handle)


def _block(handle: int, buffer: mmap.mmap, number: int) -> dict[str, Any] | None:
    try:
        os.preadv(handle, [buffer], number * BLOCK)
    except OSError:
        return None
    return decode(bytes(buffer))
