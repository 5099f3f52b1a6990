# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combines client, observer and histories into the story of each event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.client.gaps import Gap, longest_gap, outages
from lab.demo.measure import Served
from lab.demo.phases import Span, durations, steps

SHOWN_GAP_S = 0.3
"""Shorter interruptions are not drawn."""


@dataclass(frozen=True)
class Moment:
    """One instant on both clocks of the host."""

    wall: float
    mono: float


@dataclass(frozen=True)
class Played:
    """An event that was caused: when, and who was active before and after."""

    name: str
    service: str
    at: Moment
    until: Moment
    """When steady service was seen again."""
    active_before: str
    active_after: str
    status: dict[str, Any] = field(default_factory=dict)
    """What failoverctl status says afterwards where it is active; empty if that is not known."""


@dataclass(frozen=True)
class Measured:
    """An event and its measurements."""

    played: Played
    gaps: dict[str, Gap]
    """Longest gap of ``postgresql`` and ``http``, on the monotonic clock."""
    spans: tuple[Span, ...]
    phases: dict[str, float | None]
    acknowledged: int
    lost: int | None
    """None when the table could not be read."""

    def as_report(self) -> dict[str, Any]:
        """The entry in report.json."""
        return {
            "name": self.played.name,
            "service": self.played.service,
            "downtime_s": {kind: round(gap.seconds, 3) for kind, gap in self.gaps.items()},
            "phases_s": self.phases,
            "acknowledged": self.acknowledged,
            "lost": self.lost,
            "active_before": self.played.active_before,
            "active_after": self.played.active_after,
        }


def measure(
    played: Sequence[Played],
    served: Served,
    lost: Sequence[int] | None,
    history: Sequence[dict[str, Any]],
) -> list[Measured]:
    """Measure all events of a run.

    The run is divided at the moments of renewed steady service, so that every acknowledged row
    belongs to exactly one event; the last event has the rest.
    """
    measured = []
    edges = [float("-inf"), *(event.until.mono for event in played[:-1]), float("inf")]
    for number, event in enumerate(played):
        begin, end = edges[number], edges[number + 1]
        mine = {n for n, mono in served.numbers.items() if begin < mono <= end}
        spans = steps(event.name, history, event.at.wall, event.until.wall, event.active_after)
        measured.append(
            Measured(
                played=event,
                gaps={
                    kind: longest_gap(times, event.at.mono, event.until.mono)
                    for kind, times in (("postgresql", served.rows), ("http", served.pages))
                },
                spans=tuple(spans),
                phases=durations(event.name, spans, event.active_after),
                acknowledged=len(mine),
                lost=None if lost is None else len(mine.intersection(lost)),
            )
        )
    return measured


def timeline(event: Measured, served: Served, margin_s: float = 3.0) -> dict[str, Any]:
    """What the picture of an event shows; times in seconds after the event."""
    zero = event.played.at
    ends = [gap.end - zero.mono for gap in event.gaps.values()]
    ends += [span.end - zero.wall for span in event.spans]
    begin, end = -margin_s, max([1.0, *ends]) + margin_s
    begin_mono, end_mono = zero.mono + begin, zero.mono + end
    lanes = {}
    for kind, times in (("postgresql", served.rows), ("http", served.pages)):
        lanes[kind] = [
            [round(gap.begin - zero.mono, 3), round(gap.end - zero.mono, 3)]
            for gap in outages(times, begin_mono, end_mono, SHOWN_GAP_S)
        ]
    return {
        "begin": round(begin, 3),
        "end": round(end, 3),
        "unserved": lanes,
        "status": event.played.status,
        "steps": [
            {
                **asdict(span),
                "begin": round(span.begin - zero.wall, 3),
                "end": round(span.end - zero.wall, 3),
            }
            for span in event.spans
        ],
    }
