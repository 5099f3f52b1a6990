# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signed form in which a heartbeat travels.

frame = version (1 byte) + cookie (4) + HMAC-SHA256 (32) + payload (see payload)

The cookie is derived from the key. It authenticates nothing: with it the kernel drops a flood of
garbage before it costs anything (F70).
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from failoverd import PROTOCOL
from failoverd.core.message import Message

from . import payload, varint
from .word import Word

COOKIE_BYTES = 4
TAG_BYTES = 32
HEADER_BYTES = 1 + COOKIE_BYTES
OVERHEAD = HEADER_BYTES + TAG_BYTES
DATAGRAM_BYTES = 1400
"""Fits into one packet of every usual network. Reasons in words are shortened to fit."""
MAX_BYTES = 2800
"""A longer frame is refused, and so is a configuration that could lead to one (see size)."""


@dataclass(frozen=True)
class Frame:
    """One heartbeat, signed."""

    whole: bytes
    brief: bytes
    """The same heartbeat for a reader that knows all but the counts: for a slow line."""
    mark: bytes
    """Identifies everything but the counts."""


class WireError(Exception):
    """The frame is not a sign of life; str() is a short reason, for counting (F19)."""


class NotHeard(WireError):
    """A brief frame came before the whole one that it repeats, or without it. That is no attack."""


class Stranger(WireError):
    """It is signed with the right key, but does not come from the peer (F80)."""

    def __init__(self, reason: str, message: Message) -> None:
        super().__init__(reason)
        self.message = message


class Wire:
    """Signs with the first key, accepts every key (F68), and counts refused frames."""

    def __init__(
        self,
        keys: tuple[bytes, ...],
        cluster: str,
        node: str,
        peer: str,
        services: Sequence[str],
        room: int = DATAGRAM_BYTES,
    ) -> None:
        """services: their names. room: bytes of a frame that reasons may fill."""
        self._keys = tuple((key, self._head(key)) for key in keys)
        self._cluster = cluster
        self._node = node
        self._peer = peer
        self._room = room - OVERHEAD - payload.COUNTS_BYTES
        self._reader = payload.Reader(services)
        self.refused: Counter[str] = Counter()
        self.word: Word | None = None
        """What every frame says besides its message, for people alone."""
        self.heard = Word()
        """The same of the frame that was decoded last."""
        self._last: tuple[bytes, Message, Word] | None = None
        self._said: tuple[tuple[object, ...], bytes] | None = None
        """The content of the last message after its counts, and its bytes."""

    @staticmethod
    def _head(key: bytes) -> bytes:
        return bytes([PROTOCOL]) + hmac.digest(key, b"cookie", "sha256")[:COOKIE_BYTES]

    @property
    def heads(self) -> tuple[bytes, ...]:
        """The first bytes of every acceptable frame."""
        return tuple(head for _key, head in self._keys)

    def encode(self, message: Message) -> bytes:
        """The signed frame of one message. Never raises."""
        return self._signed(message, self._rest(message))

    def frame(self, message: Message) -> Frame:
        """The signed frame, and its brief form."""
        rest = self._rest(message)
        mark = payload.mark(rest)
        brief = self._signed(message, varint.pieces((mark,)))
        return Frame(self._signed(message, rest), brief, mark)

    def _rest(self, message: Message) -> bytes:
        says = (
            *(message.cluster, message.node, message.echo, message.hears, message.services),
            self.word,
        )
        if self._said is None or self._said[0] != says:
            self._said = (says, payload.rest(message, self._room, self.word))
        return self._said[1]

    def _signed(self, message: Message, rest: bytes) -> bytes:
        key, head = self._keys[0]
        body = varint.pieces((payload.counts(message),)) + rest
        return head + hmac.digest(key, head + body, "sha256") + body

    def decode(self, frame: bytes) -> Message:
        """The message of a frame; raises WireError and nothing else."""
        if self._last is not None and self._last[0] == frame:
            # The same frame comes over every link: check it once.
            self.heard = self._last[2]
            return self._last[1]
        try:
            message = self._decode(frame)
        except NotHeard:
            raise
        except WireError as error:
            self.refused[str(error)] += 1
            raise
        self.heard = self._reader.word
        self._last = (frame, message, self.heard)
        return message

    def _decode(self, frame: bytes) -> Message:
        if len(frame) > MAX_BYTES:
            raise WireError("too long")
        if len(frame) <= OVERHEAD:
            raise WireError("too short")
        if frame[0] != PROTOCOL:
            raise WireError("other version")
        tag, body = frame[HEADER_BYTES:OVERHEAD], frame[OVERHEAD:]
        for key, head in self._keys:
            expected = hmac.digest(key, head + body, "sha256")
            if hmac.compare_digest(head + expected, frame[:HEADER_BYTES] + tag):
                break
        else:
            raise WireError("wrong key")
        try:
            message = self._reader.read(body)
        except payload.Unheard:
            raise NotHeard("repeats a heartbeat that was not heard") from None
        except ValueError:
            raise WireError("malformed") from None
        if message.cluster != self._cluster:
            raise Stranger("foreign cluster", message)
        if message.node == self._node:
            raise Stranger("own message", message)
        if message.node != self._peer:
            raise Stranger("foreign node", message)
        return message
