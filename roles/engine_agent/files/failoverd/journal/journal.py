# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records every input of the core and the decisions on it, so that a replay can repeat them.

The order is guaranteed. An input is recorded before the core takes it, and the decisions on it
before they are carried out; the file keeps that order. So a segment never has a gap.

It is not guaranteed that a line is on the disk when its decision is carried out. A thread writes,
so that a hanging disk delays neither heartbeats nor decisions (F44). A loss of power cuts off the
end. A kill of the daemon loses the lines that the thread had not written. Lines that a dead disk
did not take are counted and reported (F69).

Inputs that led to heartbeats alone are routine. The thread gets them once a second, or before the
next decision of another kind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from failoverd.core.actions import Action, Pet
from failoverd.core.events import Event, Heard, Reached, Tick
from failoverd.core.state import State

from .lines import Encoder, head
from .segments import Segments, segments
from .spool import Spool

__all__ = ["Journal", "segments"]

RETRY_S = 10.0
QUEUE_BYTES = 2_000_000
"""Lines that may wait for a slow disk: some minutes of a quiet cluster."""
ROUTINE_S = 1.0
"""Lines of routine wait so long for others: waking the thread costs more than writing."""

Alert = Callable[[str, bool], None]
"""Takes a sentence, and whether it is an alert."""


class Journal:
    """Appends to the newest segment. A hanging, full or read-only disk stops nothing."""

    def __init__(
        self,
        directory: Path,
        segment_bytes: int,
        keep: int,
        alert: Alert = lambda text, bad: None,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self._limit = segment_bytes
        self._alert = alert
        self._files = Segments(directory, keep)
        self._spool = Spool("journal", queue_bytes)
        self._encoder = Encoder()
        self._routine: list[bytes] = []
        self._routine_since = 0.0
        self._size = 0
        self._attempt = 0
        self._overflow = False
        self._lost = 0
        self._retry_at = 0.0
        self._told = ""

    @property
    def lost(self) -> int:
        """Lines that are in no segment."""
        return self._lost + self._files.lost

    @property
    def problem(self) -> str:
        """What is wrong, empty if nothing is."""
        trouble = self._trouble()
        return f"{trouble}; lines lost so far: {self.lost}" if trouble else ""

    def begin(self, state: State, actions: Sequence[Action], now: float) -> None:
        """Begin a life with its first state and decisions."""
        self._open(state, now, begin=True)
        self._put(self._encoder.decisions(actions))
        self._hand_over()

    def record(self, event: Event, state: State, now: float) -> None:
        """Record an event before the core takes it. state: the state before the event."""
        if self._size >= self._limit if self._whole() else now >= self._retry_at:
            self._open(state, now, begin=False)
        if not self._routine:
            self._routine_since = now
        self._put(self._encoder.input(event, now))
        late = now - self._routine_since >= ROUTINE_S or not self._whole()
        if late:
            self._tell()
        if late or not isinstance(event, Tick | Heard | Reached):
            self._hand_over()

    def decided(self, actions: Sequence[Action]) -> None:
        """Record decisions before they are carried out."""
        line = self._encoder.decisions(actions)
        self._put(line)
        # A heartbeat without news has a short line.
        if line.startswith(b'{"d":[') and not all(isinstance(action, Pet) for action in actions):
            self._hand_over()

    def broke(self, error: Exception) -> None:
        """Record that a rule raised an exception."""
        self._put(self._encoder.defect(error))
        self._hand_over()

    def drain(self, wait_s: float) -> bool:
        """Wait until all is written; False if the disk does not take it in time."""
        self._hand_over()
        return self._spool.drain(wait_s)

    def close(self, wait_s: float = 1.0) -> None:
        """Close the segment if the disk allows it."""
        self._hand_over()
        self._spool.put(self._files.close, 0)
        self._spool.close(wait_s)

    def _whole(self) -> bool:
        """The present segment has every line since its beginning."""
        return not self._overflow and self._files.failed != self._attempt

    def _open(self, state: State, now: float, *, begin: bool) -> None:
        self._hand_over()
        first = head(state, now, time.time(), begin=begin, lost=self.lost)
        self._attempt += 1
        self._encoder = Encoder()
        self._overflow = False
        self._retry_at = now + RETRY_S
        self._size = len(first)
        if not self._spool.put(partial(self._files.open, self._attempt, first), len(first)):
            self._overflow = True

    def _put(self, line: bytes) -> None:
        if not line:
            return
        if self._whole():
            self._routine.append(line)
            self._size += len(line)
        else:
            self._lost += 1

    def _hand_over(self) -> None:
        """Give the recorded lines to the thread."""
        if not self._routine:
            return
        lines, count = b"".join(self._routine), len(self._routine)
        self._routine.clear()
        if not self._spool.put(partial(self._files.append, lines), len(lines)):
            self._lost += count
            self._overflow = True

    def _trouble(self) -> str:
        if self._files.problem:
            return self._files.problem
        if self._spool.stuck:
            return "the journal cannot be written: the disk does not answer"
        if self._overflow:
            return "the journal cannot be written: the disk is too slow"
        return self._spool.defect

    def _tell(self) -> None:
        trouble = self._trouble()
        if trouble == self._told:
            return
        self._told = trouble
        good = f"the journal is written again; lines lost: {self.lost}"
        self._alert(trouble or good, bool(trouble))
