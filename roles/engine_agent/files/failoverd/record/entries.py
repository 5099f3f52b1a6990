# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of one node's history, checked: its files outlive daemons, crashes and versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from failoverd.formats.strictjson import JsonError, loads
from failoverd.journal.ended import ended

FILES = ("history.1.jsonl", "history.jsonl")
MAX_LINE = 256 * 1024
LATEST_S = 2.0**36
"""Later Unix times are invalid."""


@dataclass(frozen=True)
class Entry:
    """One entry. time: Unix time."""

    time: float
    node: str
    code: str
    text: str
    service: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """What one node has written down. until: it is known to have lived so long."""

    node: str
    entries: tuple[Entry, ...]
    until: float
    path: str = ""


def number(value: Any) -> float | None:
    """The number; None if it is none, as in the data of a damaged entry."""
    valid = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if valid and abs(value) < LATEST_S else None


def entry_of(value: Any) -> Entry | None:
    """An entry; None if it is none, as of a line that a loss of power has cut off."""
    if not isinstance(value, dict):
        return None
    at, data = value.get("time"), value.get("data")
    valid = isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at < LATEST_S
    node, code, text, service = (value.get(n, "") for n in ("node", "code", "text", "service"))
    if not valid or not all(isinstance(word, str) for word in (node, code, text, service)):
        return None
    found = data if isinstance(data, dict) else {}
    return Entry(float(at or 0.0), node, code, text, service, found)


def read(directory: Path) -> Record | None:
    """The record in a state directory; None if there is no entry. Raises OSError."""
    found: list[Entry] = []
    for name in FILES:
        try:
            with (directory / name).open("rb") as file:
                while line := file.readline(MAX_LINE):
                    entry = _parsed(line)
                    if entry is not None:
                        found.append(entry)
        except FileNotFoundError:
            continue
    if not found:
        return None
    # A clock that was set back must not turn the order around.
    last = max(entry.time for entry in found)
    return Record(
        found[-1].node, tuple(found), max(last, ended(directory / "journal") or 0.0), str(directory)
    )


def _parsed(line: bytes) -> Entry | None:
    try:
        return entry_of(loads(line, halves=True))
    except JsonError:
        return None
