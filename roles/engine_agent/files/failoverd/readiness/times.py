# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last measured times, from the history of this node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILES = ("history.1.jsonl", "history.jsonl")
MARKS = (b'"start-end"', b'"stop-end"', b'"fence-end"')
LONGEST_LINE = 64 * 1024


class Times:
    """Seconds of the last start and stop of each service, and of the last use of each device."""

    def __init__(self) -> None:
        self.starts: dict[str, tuple[float, float]] = {}
        """Service -> seconds, and when (Unix time)."""
        self.stops: dict[str, tuple[float, float]] = {}
        self.fences: dict[str, tuple[float, float]] = {}
        """Level -> the same, of an order that was verified."""

    def take(self, entry: Mapping[str, Any]) -> None:
        """An entry of the history. Called by any thread; never raises."""
        code, data = entry.get("code"), entry.get("data")
        if not isinstance(data, Mapping):
            return
        seconds, at = data.get("seconds"), entry.get("time")
        if not isinstance(seconds, int | float) or not isinstance(at, int | float):
            return
        if code == "start-end" and data.get("ok"):
            self.starts[str(entry.get("service", ""))] = (float(seconds), float(at))
        elif code == "stop-end" and data.get("ok"):
            self.stops[str(entry.get("service", ""))] = (float(seconds), float(at))
        elif code == "fence-end" and data.get("ask") == "off" and data.get("power") == "off":
            self.fences[str(data.get("level", ""))] = (float(seconds), float(at))

    def read(self, directory: Path) -> None:
        """Take what the files tell and this life has not measured anew. Blocks; never raises."""
        older = Times()
        for name in FILES:
            older._read(directory / name)
        self.starts = {**older.starts, **self.starts}
        self.stops = {**older.stops, **self.stops}
        self.fences = {**older.fences, **self.fences}

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                while line := file.readline(LONGEST_LINE):
                    if any(mark in line for mark in MARKS):
                        self._line(line)
        except OSError:
            return

    def _line(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:  # a loss of power has cut it off
            return
        if isinstance(entry, dict):
            self.take(entry)
