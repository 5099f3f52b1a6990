# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signed form in which a heartbeat travels.

frame   = version (1 byte) + cookie (4) + HMAC-SHA256 (32) + payload
payload = compact JSON array. A later version may append fields, each with a default: an older one
          ignores them, and a newer one takes the default for what an older one left out (F63).

The cookie is derived from the key. It authenticates nothing: it lets the kernel throw away
a flood of rubbish before it costs anything (F70).
"""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from enum import Enum
from operator import attrgetter
from typing import Any

from failoverd import PROTOCOL
from failoverd.core.change import changed
from failoverd.core.message import Grant, Local, Message, Reach, ServiceReport

COOKIE_BYTES = 4
TAG_BYTES = 32
HEADER_BYTES = 1 + COOKIE_BYTES
OVERHEAD = HEADER_BYTES + TAG_BYTES
MAX_BYTES = 1400
"""A frame fits into one datagram of every usual network."""
MAX_WHY = 120
LARGEST = 2**64


class WireError(Exception):
    """The frame is not a sign of life; str() is a short reason that can be counted (F19)."""


class Wire:
    """Signs with the first key, accepts every key (F68), counts what it refuses."""

    def __init__(self, keys: tuple[bytes, ...], cluster: str, node: str) -> None:
        self._keys = tuple((key, self._head(key)) for key in keys)
        self._cluster = cluster
        self._node = node
        self.refused: Counter[str] = Counter()
        self._last: tuple[bytes, Message] | None = None
        self._said: tuple[Message, Parts] | None = None
        """The last message, and what its payload is made of."""
        self._heard: tuple[list[Any], Message] | None = None
        """The last row that was read, and the message that it meant."""

    @staticmethod
    def _head(key: bytes) -> bytes:
        return bytes([PROTOCOL]) + hmac.digest(key, b"cookie", "sha256")[:COOKIE_BYTES]

    @property
    def heads(self) -> tuple[bytes, ...]:
        """The first bytes of every acceptable frame."""
        return tuple(head for _key, head in self._keys)

    def encode(self, message: Message) -> bytes:
        """The signed frame of one message."""
        key, head = self._keys[0]
        if self._said is None or _tells(self._said[0]) != _tells(message):
            parts = _pack(message, MAX_WHY)
            if sum(map(len, parts)) + NUMBERS + OVERHEAD > MAX_BYTES:
                parts = _pack(message, 0)
            self._said = (message, parts)
        before, between, end = self._said[1]
        payload = b"%s%d%s%d%s" % (before, message.sequence, between, message.heard, end)
        return head + hmac.digest(key, head + payload, "sha256") + payload

    def decode(self, frame: bytes) -> Message:
        """The message of a frame; raises WireError, and never anything else."""
        if self._last is not None and self._last[0] == frame:
            # The same frame comes over every link: checking it once is enough.
            return self._last[1]
        try:
            message = self._decode(frame)
        except WireError as error:
            self.refused[str(error)] += 1
            raise
        self._last = (frame, message)
        return message

    def _decode(self, frame: bytes) -> Message:
        if len(frame) > MAX_BYTES:
            raise WireError("too long")
        if len(frame) <= OVERHEAD:
            raise WireError("too short")
        if frame[0] != PROTOCOL:
            raise WireError("other version")
        tag, payload = frame[HEADER_BYTES:OVERHEAD], frame[OVERHEAD:]
        for key, head in self._keys:
            expected = hmac.digest(key, head + payload, "sha256")
            if hmac.compare_digest(head + expected, frame[:HEADER_BYTES] + tag):
                break
        else:
            raise WireError("wrong key")
        try:
            message = self._read(json.loads(payload))
        except (ValueError, TypeError, LookupError, RecursionError):
            raise WireError("malformed") from None
        if message.cluster != self._cluster:
            raise WireError("foreign cluster")
        if message.node == self._node:
            raise WireError("own message")
        return message

    def _read(self, row: Any) -> Message:
        """The message of a row. Most repeat the last one, but for the numbers that count."""
        if self._heard is not None:
            known, said = self._heard
            if isinstance(row, list) and len(row) == len(known) > HEARD:
                row[SEQUENCE], sequence = known[SEQUENCE], row[SEQUENCE]
                row[HEARD], heard = known[HEARD], row[HEARD]
                if row == known:
                    return changed(said, sequence=_count(sequence), heard=_count(heard))
                row[SEQUENCE], row[HEARD] = sequence, heard
        message: Message = _build(Message, row)
        self._heard = (row, message)
        return message


Parts = tuple[bytes, bytes, bytes]
"""A payload before, between and behind its two numbers that count: sequence and heard."""


def _pack(message: Message, why: int) -> Parts:
    if any(len(report.why) > why for report in message.services):
        services = tuple(replace(report, why=report.why[:why]) for report in message.services)
        message = replace(message, services=services)
    row = _row(message)
    rest = row[HEARD + 1 :]
    return (
        b"[" + _inner(row[:SEQUENCE]) + b",",
        b"," + _inner(row[SEQUENCE + 1 : HEARD]) + b",",
        (b"," + _inner(rest) if rest else b"") + b"]",
    )


def _inner(values: list[Any]) -> bytes:
    """The elements of a JSON array without its brackets."""
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)[1:-1].encode()


def _row(value: Any) -> Any:
    """A dataclass as the list of its fields: names need not travel."""
    names = _NAMES.get(type(value))
    if names is not None:
        return [_row(getattr(value, name)) for name in names]
    if isinstance(value, tuple):
        return [_row(item) for item in value]
    if isinstance(value, bool):
        return int(value)
    return value.value if isinstance(value, Enum) else value


def _build(cls: type[Any], row: Any) -> Any:
    """The inverse of _row. Later fields are ignored, earlier versions' get their defaults (F63)."""
    readers = _READERS[cls]
    if len(_list(row)) < _NEEDED[cls]:
        raise TypeError
    return cls(*[read(value) for read, value in zip(readers, row, strict=False)])


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST:
        raise TypeError
    return value


def _bool(value: Any) -> bool:
    if value not in (0, 1):
        raise TypeError
    return bool(value)


_BY_HINT: dict[str, Callable[[Any], Any]] = {
    "str": _text,
    "int": _count,
    "bool": _bool,
    "int | None": lambda value: None if value is None else _count(value),
    "Local": Local,
    "Reach": Reach,
    "Grant | None": lambda value: None if value is None else _build(Grant, value),
    "tuple[str, ...]": lambda value: tuple(_text(item) for item in _list(value)),
    "tuple[ServiceReport, ...]": lambda value: tuple(
        _build(ServiceReport, item) for item in _list(value)
    ),
}
"""How a field is read back, by its annotation; a new kind of field fails on import, not later."""

_PARTS = (Message, ServiceReport, Grant)
_NAMES = {cls: [field.name for field in fields(cls)] for cls in _PARTS}
_NEEDED = {cls: sum(field.default is MISSING for field in fields(cls)) for cls in _PARTS}
SEQUENCE, HEARD = (_NAMES[Message].index(name) for name in ("sequence", "heard"))
"""What changes from one heartbeat to the next, in the order of the row."""
_tells = attrgetter(*(name for name in _NAMES[Message] if name not in ("sequence", "heard")))
NUMBERS = 40
"""Bytes that both may take."""
_READERS = {cls: [_BY_HINT[str(field.type)] for field in fields(cls)] for cls in _PARTS}
