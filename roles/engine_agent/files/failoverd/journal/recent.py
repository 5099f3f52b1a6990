# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last entries of the history, in memory: who asks for them waits for no disk (F44)."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Any

from failoverd.formats.strictjson import JsonError, loads

MOST = 200
TAIL_BYTES = 128 * 1024
LONGEST = 500
FIELDS = ("time", "node", "level", "code", "text", "service")


class Recent:
    """Takes each new entry; read() adds those of earlier lives."""

    def __init__(self, directory: Path) -> None:
        self._files = (directory / "history.jsonl", directory / "history.1.jsonl")
        self._begun = time.time()
        self._new: deque[dict[str, Any]] = deque(maxlen=MOST)
        self._former: list[dict[str, Any]] = []

    def take(self, entry: dict[str, Any]) -> None:
        """Remember an entry. Any thread may call it."""
        self._new.append(_short(entry))

    def read(self) -> None:
        """Read the end of the file, or of the one before it if that is short. It may block."""
        found: list[dict[str, Any]] = []
        for file in self._files:
            if len(found) < MOST:
                found = [*_tail(file), *found]
        # What this life wrote was taken already.
        self._former = [entry for entry in found if _before(entry, self._begun)][-MOST:]

    def entries(self) -> list[dict[str, Any]]:
        """Oldest first."""
        return [*self._former, *list(self._new)][-MOST:]


def _tail(file: Path) -> list[dict[str, Any]]:
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL_BYTES))
            lines = stream.read(TAIL_BYTES).split(b"\n")
    except FileNotFoundError:
        return []
    found = []
    for line in lines[1:] if size > TAIL_BYTES else lines:
        try:
            entry = loads(line, halves=True)
        except JsonError:
            continue  # an empty line, or one that a loss of power has cut off
        if isinstance(entry, dict):
            found.append(_short(entry))
    return found


def _before(entry: dict[str, Any], begun: float) -> bool:
    at = entry["time"]
    return isinstance(at, int | float) and at < begun


def _short(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry, with each text cut to a length that a page can show."""
    said = entry.get("data")
    data = said if isinstance(said, dict) else {}
    return {
        **{name: _cut(entry.get(name)) for name in FIELDS},
        "data": {key: _cut(value) for key, value in data.items() if _simple(value)},
    }


def _simple(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _cut(value: Any) -> Any:
    return value[:LONGEST] if isinstance(value, str) else value
