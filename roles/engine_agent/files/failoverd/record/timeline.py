# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When each service was up on each node, as far as the records say it. Pure.

What no record says is unknown. It is never counted as up. A service that a new daemon takes up in
the same boot was up all the time between (F31). A node that was silent and was then proved to be
gone was down from the last sign of life on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .entries import Entry, Record, number

UP, DOWN, UNKNOWN = "up", "down", "unknown"
SILENT = "silent"
"""Not heard any more: down if the node is proved gone afterwards, else unknown."""
LOST = "lost"
"""It was up when the node went down; how long exactly, the other node may know better."""
OWN = {
    "running": UP,
    "recovered": UP,
    "adopted": UP,
    "mended": UP,
    "start-begin": DOWN,
    "recover-begin": DOWN,
    "resource-failed": DOWN,
    "failed": DOWN,
    "stop-begin": DOWN,
    "stopped": DOWN,
    "repair": DOWN,
    "partial": DOWN,
    "by-hand": DOWN,
}
"""What an entry about a service says of it on the node that wrote it."""
ENDS = frozenset({"recover-begin", "resource-failed", "stop-begin"})
"""They say that it was up before."""
Key = tuple[str, str]
"""Node and service."""


@dataclass(frozen=True)
class Span:
    """One state from begin to end, in Unix seconds."""

    begin: float
    end: float
    state: str

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.begin


class Line:
    """The states of one service on one node, each until the next begins; unknown before."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._states: list[str] = []

    def mark(self, time: float, state: str) -> None:
        """From then on. What was marked for later times is dropped."""
        while self._times and self._times[-1] >= time:
            self._times.pop()
            self._states.pop()
        if self.last != state:
            self._times.append(time)
            self._states.append(state)

    def settle(self, before: str, after: str) -> None:
        """The present state turns out to have been another one."""
        if self._states and self._states[-1] == before:
            self._states[-1] = after

    @property
    def last(self) -> str:
        """The present state."""
        return self._states[-1] if self._states else UNKNOWN

    @property
    def times(self) -> list[float]:
        """When it changed."""
        return self._times

    def at(self, time: float) -> str:
        """The state at a time."""
        index = bisect_right(self._times, time) - 1
        state = self._states[index] if index >= 0 else UNKNOWN
        return UNKNOWN if state == SILENT else state


class _Walk:
    """Goes through one record, entry by entry."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._entries = record.entries
        self._services = sorted({entry.service for entry in record.entries if entry.service})
        self.lines: dict[Key, Line] = {}
        self._boot = ""
        self._ended: float | None = None
        """When the daemon ended in good order, None while it lives."""
        self._before = record.entries[0].time
        self._maintenance = False
        self._tolerated: set[str] = set()
        """Services that failed in maintenance mode: nobody recovers them."""
        self._gone: set[str] = set()
        """Services that were seen on the other node before it was proved gone, and not since."""

    def go(self) -> dict[Key, Line]:
        """The whole way."""
        self._begin()
        for index, entry in enumerate(self._entries):
            if entry.code == "daemon-start":
                self._start(index, entry)
            elif entry.code == "daemon-end":
                self._ended = entry.time
            elif entry.code == "history-lost":
                self._blind(self._before)
            else:
                self._own(entry)
                self._other(entry)
            self._before = entry.time
        self._end()
        return self.lines

    def _line(self, node: str, service: str) -> Line:
        return self.lines.setdefault((node, service), Line())

    def _begin(self) -> None:
        """A record that begins in the middle: the first entry about a service tells what it was."""
        if self._entries[0].code == "daemon-start":
            return
        for service in self._services:
            first = next((e for e in self._entries if self._says(e, service)), None)
            if first is not None and first.code != "daemon-start":
                was = UP if first.code in ENDS else DOWN if first.code == "start-begin" else UNKNOWN
                self._line(self._record.node, service).mark(self._entries[0].time, was)

    @staticmethod
    def _says(entry: Entry, service: str) -> bool:
        return entry.code == "daemon-start" or (entry.service == service and entry.code in OWN)

    def _start(self, index: int, entry: Entry) -> None:
        """A new life. What ran goes on, if the daemon takes it up again."""
        boot = str(entry.data.get("boot") or "")
        rebooted = bool(boot and self._boot and boot != self._boot)
        self._boot = boot or self._boot
        before = number(entry.data.get("before"))
        known = self._ended if self._ended is not None else before
        gap = self._before if known is None else max(self._before, min(known, entry.time))
        after = LOST if rebooted and known is not None else UNKNOWN
        self._ended = None
        for (node, _service), line in self.lines.items():
            if node != self._record.node:
                line.mark(gap, UNKNOWN)
        for service in self._known_by(index):
            line = self._line(self._record.node, service)
            if self._adopted(index, service):
                if line.last != UP:
                    line.mark(entry.time, UP)
                continue
            if line.last == UP:
                line.mark(gap, after)
            line.mark(entry.time, DOWN)

    def _known_by(self, index: int) -> list[str]:
        """The services that are named before the next life ends: later ones were added later."""
        end = index + 1
        while end < len(self._entries) and self._entries[end].code != "daemon-start":
            end += 1
        named = {entry.service for entry in self._entries[:end]}
        return [service for service in self._services if service in named]

    def _adopted(self, index: int, service: str) -> bool:
        following = (e for e in self._entries[index + 1 :] if self._says(e, service))
        first = next(following, None)
        return first is not None and first.code == "adopted"

    def _own(self, entry: Entry) -> None:
        if entry.code == "mode" and entry.text.startswith("maintenance mode"):
            self._maintenance = entry.text.startswith("maintenance mode is on")
            if not self._maintenance:
                for service in self._tolerated:
                    # If it is down, the look at it that follows says so.
                    self._line(entry.node, service).mark(entry.time, UP)
                self._tolerated.clear()
        state = OWN.get(entry.code)
        if state is None or not entry.service:
            return
        line = self._line(entry.node, entry.service)
        if entry.code == "resource-failed" and self._maintenance:
            self._tolerated.add(entry.service)
        elif entry.code == "mended":
            self._tolerated.discard(entry.service)
        line.mark(entry.time, state)

    def _other(self, entry: Entry) -> None:
        """What the node has seen of the other one."""
        node, heard = str(entry.data.get("node", "")), number(entry.data.get("heard"))
        at = entry.time if heard is None else min(heard, entry.time)
        if entry.code == "seen" and entry.service:
            self._gone.discard(entry.service)
            line, local = self._line(node, entry.service), entry.data.get("local")
            if local != "unknown":
                line.mark(at, UP if local == "running" else DOWN)
            elif line.last == UP:
                # A new daemon has not looked at it yet; what ran may run on (F31).
                line.mark(at, UNKNOWN)
        elif entry.code == "last-heard":
            for service, line in self._of_others():
                if line.last == UP:  # else it had said before that nothing runs there
                    # A device that reports it as off at once proves that before this is written.
                    line.mark(at, DOWN if service in self._gone else SILENT)
        elif entry.code == "peer-gone":
            for service, line in self._of_others():
                self._gone.add(service)
                line.settle(SILENT, DOWN)

    def _of_others(self) -> list[tuple[str, Line]]:
        mine = self._record.node
        return [(service, line) for (node, service), line in self.lines.items() if node != mine]

    def _blind(self, since: float) -> None:
        for line in self.lines.values():
            line.mark(since, UNKNOWN)

    def _end(self) -> None:
        """What is known ends with the record, or with the daemon."""
        until = self._ended if self._ended is not None else self._record.until
        for line in self.lines.values():
            if not line.times or line.times[-1] < until:
                line.mark(until, UNKNOWN)


def lines(records: Sequence[Record]) -> dict[Key, list[Line]]:
    """Each node's states of each service: its own record first, then what others saw of it."""
    result: dict[Key, list[Line]] = {}
    for record in records:
        for key, line in _Walk(record).go().items():
            own = record.node == key[0]
            found = result.setdefault(key, [])
            found.insert(0, line) if own else found.append(line)
    return result


def spans(all_lines: dict[Key, list[Line]], service: str, begin: float, end: float) -> list[Span]:
    """The service in the cluster: up if it is up on a node, down if it is down on all of them.

    Before it was up for the first time, it is unknown.
    """
    nodes = [found for (_node, name), found in all_lines.items() if name == service]
    times = sorted({t for found in nodes for line in found for t in line.times if begin < t < end})
    result: list[Span] = []
    seen_up = any(_first_up(found) < begin for found in nodes)
    for at, until in zip([begin, *times], [*times, end], strict=True):
        states = {_of_node(found, at) for found in nodes}
        state = UP if UP in states else DOWN if states == {DOWN} else UNKNOWN
        seen_up = seen_up or state == UP
        state = state if seen_up else UNKNOWN
        if result and result[-1].state == state:
            result[-1] = Span(result[-1].begin, until, state)
        else:
            result.append(Span(at, until, state))
    return result


def _of_node(found: Iterable[Line], at: float) -> str:
    """The node's own record counts more than what another one saw of it."""
    states = [line.at(at) for line in found]
    sure = next((state for state in states if state in (UP, DOWN)), UNKNOWN)
    return DOWN if sure == UNKNOWN and LOST in states else sure


def _first_up(found: Iterable[Line]) -> float:
    times = (t for line in found for t in line.times if line.at(t) == UP)
    return min(times, default=float("inf"))
