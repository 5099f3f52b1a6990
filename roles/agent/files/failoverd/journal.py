# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every input of the core, so that any decision made in production can be replayed.

A segment is a file of JSON lines. Its head holds the core's configuration and state, so each
segment replays by itself. A heartbeat that differs from the previous one of its link only in its
number is written short.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from .core.codec import from_json, to_json
from .core.events import Event, Heard
from .core.message import Message
from .core.state import State

RETRY_S = 10.0


class Journal:
    """Appends to the newest segment. A disk that is full or read-only stops nothing (F69)."""

    def __init__(self, directory: Path, segment_bytes: int, segments: int) -> None:
        self._directory = directory
        self._limit = segment_bytes
        self._keep = segments
        self._fd = -1
        self._size = 0
        self._retry_at = 0.0
        self._last: dict[str, Message] = {}
        self.problem = ""

    def record(self, event: Event, state: State, now: float) -> None:
        """Write the event before it is acted on. state: as it is before the event."""
        if self._fd < 0 or self._size >= self._limit:
            if self.problem and now < self._retry_at:
                return
            self._open(state, now)
        self._write(self._line(event, now), now)

    def _line(self, event: Event, now: float) -> Any:
        if isinstance(event, Heard):
            before = self._last.get(event.link)
            self._last[event.link] = event.message
            sequence = event.message.sequence
            if before is not None and replace(before, sequence=sequence) == event.message:
                return {"t": now, "l": event.link, "s": sequence}
        return {"t": now, "e": to_json(event, tagged=True)}

    def _open(self, state: State, now: float) -> None:
        self.close()
        self._last = {}
        try:
            self._directory.mkdir(mode=0o700, exist_ok=True)
            old = segments(self._directory)
            for path in old[: max(0, len(old) + 1 - self._keep)]:
                path.unlink()
            number = int(old[-1].stem) + 1 if old else 1
            self._fd = os.open(
                self._directory / f"{number:010d}.jsonl",
                os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL | os.O_CLOEXEC,
                0o600,
            )
        except OSError as error:
            self._failed(error, now)
            return
        self._size = 0
        self.problem = ""
        self._write({"t": now, "head": 1, "state": to_json(state)}, now)

    def _write(self, line: Any, now: float) -> None:
        if self._fd < 0:
            return
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        try:
            if os.write(self._fd, data) < len(data):
                raise OSError(28, "No space left on device")
        except OSError as error:
            self._failed(error, now)
            return
        self._size += len(data)

    def _failed(self, error: OSError, now: float) -> None:
        self.close()
        self.problem = f"the journal cannot be written: {error.strerror}"
        self._retry_at = now + RETRY_S

    def close(self) -> None:
        """End the segment."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def segments(directory: Path) -> list[Path]:
    """The segments that exist, oldest first."""
    return sorted(p for p in directory.glob("*.jsonl") if p.stem.isdigit())


def read(path: Path) -> tuple[State, Iterator[tuple[float, Event]]]:
    """The state at the head of a segment, and the events behind it.

    A last line cut short by a crash is left out. Raises ValueError for anything else that is
    not a segment.
    """
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    if not lines:
        raise ValueError(f"{path}: empty segment")
    head = json.loads(lines[0])
    if head.get("head") != 1:
        raise ValueError(f"{path}: does not begin with a head")
    return from_json(State, head["state"]), _events(lines[1:])


def _events(lines: list[str]) -> Iterator[tuple[float, Event]]:
    last: dict[str, Message] = {}
    event: Event
    for line in lines:
        entry = json.loads(line)
        if "e" in entry:
            event = from_json(Event, entry["e"])
        else:
            event = Heard(entry["l"], replace(last[entry["l"]], sequence=entry["s"]))
        if isinstance(event, Heard):
            last[event.link] = event.message
        yield entry["t"], event
