# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl history: reads the history's file, which outlives the daemon."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DIRECTORY = "/var/lib/failoverd"
POLL_S = 0.2


def show(as_json: bool, count: int, follow: bool) -> int:
    """Print the last entries, and with follow what comes after them."""
    directory = Path(os.environ.get("FAILOVERD_STATE", DIRECTORY))
    path = directory / "history.jsonl"
    last: deque[str] = deque(maxlen=max(count, 0))
    for name in (directory / "history.1.jsonl", path):
        last.extend(_lines(name))
    for line in last:
        _print(line, as_json)
    if follow:
        for line in _appended(path):
            _print(line, as_json)
    return 0


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from (line for line in file if line.endswith("\n"))
    except FileNotFoundError:
        return


def _appended(path: Path) -> Iterator[str]:
    """Lines added from now on, over a rotation of the file. Ends with the caller."""
    position = path.stat().st_size if path.exists() else 0
    while True:
        time.sleep(POLL_S)
        try:
            with path.open(encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_size < position:
                    position = 0
                file.seek(position)
                while (line := file.readline()).endswith("\n"):
                    position = file.tell()
                    yield line
        except FileNotFoundError:
            position = 0


def _print(line: str, as_json: bool) -> None:
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return  # torn by a loss of power
    if as_json:
        print(line, end="", flush=True)
        return
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["time"]))
    part = f"{entry['time'] % 1:.3f}"[1:]
    mark = "!" if entry["level"] == "alert" else " "
    print(f"{stamp}{part} {mark} {entry['code']:<18} {entry['text']}", flush=True)
