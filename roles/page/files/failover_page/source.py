# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the engine for its status: once for all clients, and never more often than once a second."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

FRESH_S = 1.0
ANSWER_S = 3.0
MOST_BYTES = 16 << 20
RECORD = "record.json"
"""Beside the socket."""
MOST_RECORD_BYTES = 4 << 20


@dataclass(frozen=True)
class Seen:
    """The last answer of the engine. Times are Unix seconds."""

    status: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    at: float = 0.0
    """When the engine said it, 0 if it never did since the page started."""
    asked_at: float = 0.0
    problem: str = ""
    """Why the last question was not answered, empty if it was."""
    record: dict[str, Any] = field(default_factory=dict)
    """The account and the stories of outages that failoverctl has written down last."""
    explained: bool = False
    """The problem is what the engine itself says."""
    recorded: bool = True
    """The engine keeps a history, from which accounts come. Without one it may know the last events
    all the same."""

    @property
    def up(self) -> bool:
        """The engine answered the last question."""
        return not self.problem and self.at > 0


class RecordFile:
    """What failoverctl writes for the page, read again when it is another file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int, int] | None = None
        self._said: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """The last good content, empty before there is one."""
        try:
            found = self._path.stat()
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if mark == self._known or found.st_size > MOST_RECORD_BYTES:
                return self._said
            self._known = mark
            said = json.loads(self._path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return self._said
        if isinstance(said, dict):
            self._said = said
        return self._said


class NoStatusError(Exception):
    """The engine says why it has no status."""


class Source:
    """One question at a time; who asks meanwhile waits for the same answer."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._record = RecordFile(path.with_name(RECORD))
        self._clock = clock
        self._asking = asyncio.Lock()
        self._next = float("-inf")
        self.seen = Seen(problem="the status was not asked for yet")
        self.listeners: list[Callable[[Seen], None]] = []
        """Called with each answer, and each failure."""

    async def look(self) -> Seen:
        """The status, at most one second old."""
        async with self._asking:
            if self._clock() >= self._next:
                self.seen = await self._ask()
                self._next = self._clock() + FRESH_S
                for listener in self.listeners:
                    listener(self.seen)
            return self.seen

    async def _ask(self) -> Seen:
        now = time.time()
        before, record, explained = self.seen, self._record.read(), False
        try:
            async with asyncio.timeout(ANSWER_S):
                said = await self._answer()
        except TimeoutError:
            why = f"no answer within {ANSWER_S:g} s"
        except OSError as error:
            why = error.strerror or type(error).__name__
        except ValueError as error:
            why = str(error)
        except NoStatusError as error:
            why, explained = str(error), True
        else:
            recorded = "history" in said
            entries = _entries(said.get("history" if recorded else "events"))
            return Seen(said["status"], entries, now, now, recorded=recorded, record=record)
        return replace(
            before,
            asked_at=now,
            problem=why if explained else f"status: {why}",
            explained=explained,
            record=record,
        )

    async def _answer(self) -> dict[str, Any]:
        reader, writer = await asyncio.open_unix_connection(str(self._path), limit=MOST_BYTES)
        try:
            line = await reader.readline()
        finally:
            writer.close()
        said = json.loads(line) if line else None
        if isinstance(said, dict) and isinstance(said.get("error"), str):
            raise NoStatusError(said["error"])
        if not isinstance(said, dict) or not isinstance(said.get("status"), dict):
            raise ValueError("an answer that is none")
        return said


def _entries(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
