# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The payload of a heartbeat: small enough for many services on a slow serial line (F74).

payload = pieces (see varint), in this order; a later version may append more:
  counts    incarnation, sequence, echo, heard, goodbye, reach, the counts of the three modes plus
            one, 0 for not known, and the pact
  who       cluster and node, each a piece
  hears     names of links, each a piece
  reports   one piece for each service: KEY_BYTES for its name, then its numbers
  reasons   why a node is not able, a line for each report, compressed, shortened to fit
  word      what one daemon tells the other for people alone (see word), if there is room

In a brief payload, MARK_BYTES replace all pieces after the counts. A reader knows them from the
last whole payload with the same mark.

A later version may have longer rows of numbers: an older reader ignores the rest. An older version
may have shorter rows: a newer reader takes 0 for missing numbers (F63).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from failoverd.core.change import changed
from failoverd.core.message import Grant, Local, Message, Reach, ServiceReport
from failoverd.core.words import shorten
from failoverd.formats.text import printable

from . import word as words
from .varint import first_piece, numbers, pieces, read_numbers, read_pieces

T = TypeVar("T")
KEY_BYTES = 4
REASON_LENGTHS = (240, 120, 80, 40, 20)
"""Lengths of a reason that are tried, until all reasons fit."""
REASONS_BYTES = 64 * 1024
"""Longer reasons are not unpacked."""
MARK_BYTES = 8
COUNTS_BYTES = 80
"""The counts are never longer."""
COUNTS, WHO, HEARS, REPORTS, REASONS, WORD = range(6)
LOCALS = (
    Local.UNKNOWN,
    Local.STOPPED,
    Local.STARTING,
    Local.RUNNING,
    Local.RECOVERING,
    Local.STOPPING,
    Local.BROKEN,
)
"""In the order of their numbers on the wire; new ones are added at the end."""
REACHES = (Reach.UNKNOWN, Reach.LOST, Reach.REACHED)
ABLE, DOOMED, LINKED, SPLIT, GRANTED, OTHER_LIFE, CRAMPED = (1 << bit for bit in range(3, 10))
"""Flags beside the three bits of the local state. OTHER_LIFE: a grant to another life than echo."""


@cache
def key(service: str) -> bytes:
    """Stands for the name of a service, independent of its place in the configuration."""
    return hashlib.sha256(service.encode("utf-8", "backslashreplace")).digest()[:KEY_BYTES]


def same_key(services: Sequence[str]) -> tuple[str, str] | None:
    """Two services that heartbeats cannot tell apart, None if there are none."""
    seen: dict[bytes, str] = {}
    for name in services:
        if seen.setdefault(key(name), name) != name:
            return seen[key(name)], name
    return None


def counts(message: Message) -> bytes:
    """The piece that changes with each heartbeat."""
    modes = (message.maintenance, message.standby, message.peer_standby)
    return numbers(
        (
            message.incarnation,
            message.sequence,
            message.echo,
            message.heard,
            int(message.goodbye),
            REACHES.index(message.reach),
            *(0 if mode is None else mode + 1 for mode in modes),
            message.pact,
        )
    )


def rest(message: Message, room: int, word: words.Word | None = None) -> bytes:
    """The other pieces, with reasons shortened to room bytes. A word without room is left out."""
    if word is None:
        return _spoken(message, room)
    names = [report.name for report in message.services]
    whole, brief = (pieces((words.encode(word, names, text=text),)) for text in (True, False))
    # The levels of the word go before the reasons, and those before its text.
    said = _spoken(message, room - len(brief))
    reasons = b"" if len(read_pieces(said)) >= REASONS else pieces((b"",))
    for piece in (whole, brief):
        if len(said) + len(reasons) + len(piece) <= room:
            return said + reasons + piece
    return said


def _spoken(message: Message, room: int) -> bytes:
    who = [_text(message.cluster), _text(message.node)]
    hears = [_text(name) for name in message.hears]
    reports = [_report(report, message.echo) for report in message.services]
    must = pieces((pieces(who), pieces(hears), pieces(reports)))
    if any(report.why for report in message.services):
        for length in REASON_LENGTHS:
            lines = "\n".join([shorten(printable(r.why), length) for r in message.services])
            reasons = pieces((zlib.compress(lines.encode()),))
            if len(must) + len(reasons) <= room:
                return must + reasons
    return must


def mark(rest: bytes) -> bytes:
    """Replaces all pieces after the counts in a brief payload."""
    return hashlib.sha256(rest).digest()[:MARK_BYTES]


class Unheard(ValueError):
    """A brief payload refers to a whole payload that was never read."""


class Reader:
    """Reads payloads. Most of them differ from the last one in the counts alone."""

    def __init__(self, services: Sequence[str]) -> None:
        self._names = {key(name): name for name in services}
        self._last: tuple[bytes, int, Message] | None = None
        """The pieces after the counts of the last payload, its echo, and its message."""
        self._mark = b""
        """The mark of the same pieces."""
        self.word = words.Word()
        """The word of the last payload."""

    def read(self, data: bytes) -> Message:
        """The message of a payload. Raises ValueError."""
        first, rest = first_piece(data)
        values = [*read_numbers(first), *[0] * 10]
        life, sequence, echo, heard, goodbye, reach, *modes, pact = values[:10]
        maintenance, standby, peer_standby = (mode - 1 if mode else None for mode in modes)
        last = self._last
        if len(rest) == 1 + MARK_BYTES and rest[0] == MARK_BYTES:
            if last is None or rest[1:] != self._mark:
                raise Unheard
            rest = last[0]
        if last is None or last[0] != rest or last[1] != echo:
            message = _read_rest(rest, echo, self._names)
            self._last = last = (rest, echo, message)
            self._mark = mark(rest)
            self.word = _word(rest, message)
        return changed(
            last[2],
            incarnation=life,
            sequence=sequence,
            echo=echo,
            goodbye=_yes(goodbye),
            reach=_of(REACHES, reach),
            maintenance=maintenance,
            standby=standby,
            peer_standby=peer_standby,
            heard=heard,
            pact=pact,
        )


def _read_rest(rest: bytes, echo: int, names: dict[bytes, str]) -> Message:
    parts = [b"", *read_pieces(rest)]
    if len(parts) <= REPORTS:
        raise ValueError("the pieces are too few")
    cluster, node, *_later = [_line(piece) for piece in read_pieces(parts[WHO])]
    reports = [_read_report(piece, echo, names) for piece in read_pieces(parts[REPORTS])]
    if len(parts) > REASONS and parts[REASONS]:
        lines = _unpack(parts[REASONS]).split("\n")
        for at, why in enumerate(lines[: len(reports)]):
            if why:
                reports[at] = changed(reports[at], why=printable(why))
    hears = tuple([_line(piece) for piece in read_pieces(parts[HEARS])])
    return Message(cluster, node, 0, 0, 0, hears, tuple(reports))


def _word(rest: bytes, message: Message) -> words.Word:
    parts = [b"", *read_pieces(rest)]
    if len(parts) <= WORD:
        return words.Word()
    return words.decode(parts[WORD], [report.name for report in message.services])


def _report(report: ServiceReport, echo: int) -> bytes:
    grant = report.grant
    other = grant is not None and grant.incarnation != echo
    flags = LOCALS.index(report.local)
    for flag, holds in (
        (ABLE, report.able),
        (DOOMED, report.doomed),
        (LINKED, report.linked),
        (SPLIT, report.split),
        (GRANTED, grant is not None),
        (OTHER_LIFE, other),
        (CRAMPED, report.cramped),
    ):
        flags |= flag if holds else 0
    return key(report.name) + numbers(
        (
            flags,
            report.generation,
            report.score,
            report.claim,
            grant.claim if grant is not None else 0,
            grant.incarnation if grant is not None and other else 0,
            report.pull,
            report.outdate,
            report.outdated,
            report.clear,
            report.cleared,
        )
    )


def _read_report(piece: bytes, echo: int, names: dict[bytes, str]) -> ServiceReport:
    if len(piece) < KEY_BYTES:
        raise ValueError("no name")
    mark = piece[:KEY_BYTES]
    values = [*read_numbers(piece[KEY_BYTES:]), *[0] * 11]
    flags, generation, score, claim, granted, life, pull, outdate, outdated, *clears = values[:11]
    grant = Grant(granted, life if flags & OTHER_LIFE else echo) if flags & GRANTED else None
    return ServiceReport(
        name=names.get(mark) or unknown(mark),
        local=_of(LOCALS, flags & 7),
        generation=generation,
        claim=claim,
        grant=grant,
        able=bool(flags & ABLE),
        pull=pull,
        doomed=bool(flags & DOOMED),
        outdate=outdate,
        outdated=outdated,
        score=score,
        linked=bool(flags & LINKED),
        split=bool(flags & SPLIT),
        clear=clears[0],
        cleared=clears[1],
        cramped=bool(flags & CRAMPED),
    )


def unknown(mark: bytes) -> str:
    """The name for a service that this node does not have in its configuration."""
    return f"?{mark.hex()}"


def _text(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _line(piece: bytes) -> str:
    return printable(piece.decode())


def _of(choices: Sequence[T], index: int) -> T:
    if index >= len(choices):
        raise ValueError("unknown word")
    return choices[index]


def _yes(value: int) -> bool:
    if value > 1:
        raise ValueError("a flag is neither 0 nor 1")
    return bool(value)


def _unpack(data: bytes) -> str:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, REASONS_BYTES)
    except zlib.error:
        raise ValueError("damaged reasons") from None
    if not unpacker.eof:
        raise ValueError("the reasons are too long")
    return text.decode()
