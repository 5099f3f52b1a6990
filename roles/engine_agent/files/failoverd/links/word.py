# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one daemon tells the other besides the heartbeat, for people alone.

The core never sees it, so no decision can depend on it. It travels as a last piece of the payload,
which older versions ignore (F63). It changes about once a minute.

word = pieces: numbers (checksum of the configuration, wall clock, then a level for each report of
the payload, in their order), text
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from failoverd.core.words import shorten
from failoverd.formats.text import printable

from .varint import numbers, pieces, read_numbers, read_pieces

LONGEST_TEXT = 120
UNTOLD = 0


@dataclass(frozen=True)
class Word:
    """The word of one node."""

    settings: int = 0
    """Checksum of its configuration, 0 if it does not tell."""
    clock_ds: int = 0
    """Its wall clock when it made this word, in tenths of a second since 1970."""
    levels: tuple[tuple[str, int], ...] = ()
    """Service -> a number; UNTOLD for a service that it does not name."""
    text: str = ""
    """The reason for the worst of them."""


def encode(word: Word, services: Sequence[str], *, text: bool) -> bytes:
    """The piece. services: those of the payload's reports, in their order."""
    levels = dict(word.levels)
    row = [word.settings, word.clock_ds, *(levels.get(name, UNTOLD) for name in services)]
    said = shorten(printable(word.text), LONGEST_TEXT) if text else ""
    return pieces((numbers(row), said.encode()))


def decode(data: bytes, services: Sequence[str]) -> Word:
    """The inverse. A damaged word is an empty one: it must not cost a heartbeat."""
    try:
        parts = [*read_pieces(data), b"", b""]
        settings, clock_ds, *levels = [*read_numbers(parts[0]), 0, 0]
        text = printable(parts[1].decode())
    except ValueError:
        return Word()
    told = tuple((name, level) for name, level in zip(services, levels, strict=False) if level)
    return Word(settings, clock_ds, told, text)
