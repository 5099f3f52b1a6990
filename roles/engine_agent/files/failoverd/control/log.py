# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl history: reads the file of the history, which outlives the daemon."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from failoverd.formats.strictjson import JsonError, loads
from failoverd.formats.text import printable
from failoverd.system.terminal import say

DIRECTORY = "/var/lib/failoverd"
POLL_S = 0.2
MAX_LINE = 256 * 1024
LATEST_S = 2.0**36
"""Later Unix times are invalid."""


def show(as_json: bool, count: int, follow: bool) -> int:
    """Print the last entries, and with follow also new ones; raises OSError."""
    place = directory()
    for text in entries(place, count, as_json):
        say(text)
    if follow:
        for line in _appended(place / "history.jsonl"):
            for text in _shown(line, as_json):
                say(text)
    return 0


def directory() -> Path:
    """Where the daemon keeps its state."""
    return Path(os.environ.get("FAILOVERD_STATE", DIRECTORY))


def entries(directory: Path, count: int, as_json: bool = False) -> list[str]:
    """The last entries as lines for people or as JSON; raises OSError."""
    last: deque[str] = deque(maxlen=max(count, 0))
    for name in ("history.1.jsonl", "history.jsonl"):
        for line in _lines(directory / name):
            last.extend(_shown(line, as_json))
    return list(last)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while line := _line(file):
                yield line
    except FileNotFoundError:
        return


def _line(file: BinaryIO) -> bytes:
    """The next line; of a too long line only its beginning."""
    line = file.readline(MAX_LINE)
    rest = line
    while len(rest) == MAX_LINE and not rest.endswith(b"\n"):
        rest = file.readline(MAX_LINE)
    return line


def _appended(path: Path) -> Iterator[bytes]:
    """New lines, also after a rotation of the file. It never ends."""
    position = path.stat().st_size if path.exists() else 0
    while True:
        time.sleep(POLL_S)
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < position:
                    position = 0
                file.seek(position)
                while (line := _line(file)).endswith(b"\n") or len(line) == MAX_LINE:
                    position = file.tell()
                    yield line
        except FileNotFoundError:
            position = 0


def _shown(line: bytes, as_json: bool) -> list[str]:
    """The entry as text; empty for a line that a loss of power has cut off."""
    try:
        entry = loads(line, halves=True)
    except JsonError:
        return []
    if not isinstance(entry, dict):
        return []
    if as_json:
        return [json.dumps(entry, separators=(",", ":"))]
    mark = "!" if entry.get("level") == "alert" else " "
    code, text = (printable(str(entry.get(name, ""))) for name in ("code", "text"))
    return [f"{_stamp(entry.get('time'))} {mark} {code:<18} {text}"]


def _stamp(seconds: Any) -> str:
    if not isinstance(seconds, int | float) or not 0 <= seconds < LATEST_S:
        return "at an unknown time     "
    whole = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    return whole + f"{seconds % 1:.3f}"[1:]
