# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each time without service: why, whether people wanted it, and how long each phase took. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .entries import Entry, Record
from .timeline import DOWN, Span, lines, spans

BEFORE_S = 3.0
"""What caused an outage is written so long before it begins at the most."""
AFTER_S = 1.0
"""What belongs to its end, as the last resource, is written so long after it at the most."""
LONGEST_CAUSE = 300


@dataclass(frozen=True)
class Cause:
    """Why a service was down. text: for people, the words of the entry."""

    code: str
    planned: bool
    text: str = ""


@dataclass(frozen=True)
class Outage:
    """One time without service. over: its end is recorded; whole: so is its beginning."""

    service: str
    begin: float
    end: float
    cause: Cause
    phases: dict[str, float]
    whole: bool
    over: bool
    ran_on: str = ""
    """Where it ran before, empty if that is unknown."""
    runs_on: str = ""
    """Where it runs afterwards."""
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    """What was written about it, of all records, in order."""

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.begin


def _asked(entry: Entry) -> bool:
    return " asked by " in entry.text


WANTED = ("this node is in standby mode", "back to its preferred node")
CAUSES: tuple[tuple[str, str, bool, Callable[[Entry], bool]], ...] = (
    ("switchover", "switchover", True, _asked),
    ("switchover", "standby", True, lambda e: e.text.endswith(WANTED[0])),
    ("switchover", "failback", True, lambda e: e.text.endswith(WANTED[1])),
    ("switchover", "disk-failed", False, lambda e: "its own disk" in e.text),
    ("switchover", "network-lost", False, lambda e: "ping targets" in e.text),
    ("switchover", "not-eligible", False, lambda e: "may not own services" in e.text),
    ("switchover", "switchover", True, lambda e: True),
    ("handover", "handover", True, lambda e: True),
    ("repair", "repair", True, lambda e: True),
    ("retired", "removed", True, lambda e: True),
    ("resource-failed", "application-failed", False, lambda e: True),
    ("failed", "start-failed", False, lambda e: True),
    ("lock-lost", "lock-lost", False, lambda e: True),
    ("lease-lost", "contact-lost", False, lambda e: True),
    ("safe-stop", "defect", False, lambda e: True),
    ("last-heard", "node-lost", False, lambda e: True),
    ("peer-silent", "node-lost", False, lambda e: True),
    ("fence", "node-lost", False, lambda e: True),
    ("self-reset", "node-reset", False, lambda e: True),
    ("daemon-start", "node-lost", False, lambda e: True),
    ("seen", "application-failed", False, lambda e: e.data.get("local") == "recovering"),
    ("seen", "stopped-there", False, lambda e: e.data.get("local") in ("stopping", "stopped")),
)
"""Code of an entry, name of the cause, whether people wanted it, and a condition. In time, the
first entry that fits counts; of one entry, the first line that fits."""
FOLLOWS = frozenset({"last-heard", "peer-silent", "fence", "daemon-start", "self-reset", "seen"})
"""They are written after an outage has begun. An earlier one belongs to something else."""
UNKNOWN = Cause("unknown", False, "no entry says why")
PHASES: dict[str, str] = {
    "resource-failed": "decide",
    "recover-begin": "restart",
    "stop-begin": "stop",
    "stop-end": "hand over",
    "fence": "exclude",
    "peer-gone": "take over",
    "takeover": "take over",
    "blocked": "blocked",
    "start-begin": "start",
}
"""From which entry on which phase lasts."""
DETECT = "detect"
"""Until something is done about an outage that nobody wanted."""
STAYS = frozenset({"exclude", "stop", "restart", "start"})
"""A reason why it is blocked does not end them."""


def outages(records: Sequence[Record], service: str, begin: float, end: float) -> list[Outage]:
    """Of one service in a period, oldest first."""
    return [*told(records, spans(lines(records), service, begin, end), service)]


def told(records: Sequence[Record], states: Sequence[Span], service: str) -> Iterable[Outage]:
    """The outages in these states."""
    everything = sorted(
        (entry for record in records for entry in record.entries), key=lambda entry: entry.time
    )
    times = [entry.time for entry in everything]
    for index, span in enumerate(states):
        if span.state == DOWN:
            before = states[index - 1].state if index else ""
            after = states[index + 1].state if index + 1 < len(states) else ""
            # What caused the outage before this one is not its cause.
            since = max(span.begin - BEFORE_S, states[index - 1].begin if index else 0.0)
            first = bisect_left(times, since)
            last = bisect_right(times, span.end + AFTER_S, first)
            about = tuple(e for e in everything[first:last] if e.service in ("", service))
            yield _outage(about, span, service, whole=before == "up", over=after == "up")


def _outage(
    about: tuple[Entry, ...], span: Span, service: str, *, whole: bool, over: bool
) -> Outage:
    cause = _cause(about, span)
    return Outage(
        service,
        span.begin,
        span.end,
        cause,
        phases(about, span, planned=cause.planned),
        whole,
        over,
        _ran_on(about, span),
        _runs_on(about, span) if over else "",
        about,
    )


def _cause(about: Sequence[Entry], span: Span) -> Cause:
    maintenance = False
    for entry in about:
        if entry.time > span.end:
            break
        if entry.code == "mode" and entry.text.startswith("maintenance mode is on"):
            maintenance = True
        if entry.code in FOLLOWS and entry.time < span.begin:
            continue
        for code, name, planned, fits in CAUSES:
            if entry.code == code and fits(entry):
                return Cause(name, planned or maintenance, entry.text[:LONGEST_CAUSE])
    return UNKNOWN


def phases(about: Sequence[Entry], span: Span, *, planned: bool) -> dict[str, float]:
    """Seconds by phase; they add up to the whole outage."""
    points = [(span.begin, "stop" if planned else DETECT)]
    for entry in about:
        phase = PHASES.get(entry.code)
        if phase is None or not span.begin <= entry.time < span.end:
            continue
        if phase == "blocked" and points[-1][1] in STAYS:
            continue
        points.append((entry.time, phase))
    points.append((span.end, ""))
    result: dict[str, float] = {}
    for (at, phase), (until, _next) in pairwise(points):
        if until > at:
            result[phase] = round(result.get(phase, 0.0) + until - at, 3)
    return result


def _ran_on(about: Sequence[Entry], span: Span) -> str:
    """The node on which it stopped or failed, or that fell silent."""
    for entry in about:
        if entry.service and entry.code in ("stop-begin", "resource-failed", "recover-begin"):
            return entry.node
        if entry.code == "last-heard":
            return str(entry.data.get("node", ""))
    return ""


def _runs_on(about: Sequence[Entry], span: Span) -> str:
    """The node that says so itself, or on which the other one saw it."""
    after = [entry for entry in about if entry.service and entry.time >= span.begin]
    own = [e.node for e in after if e.code in ("running", "recovered", "adopted")]
    seen = [
        e.data.get("node") for e in after if e.code == "seen" and e.data.get("local") == "running"
    ]
    return str(([*seen, *own] or [""])[-1])
