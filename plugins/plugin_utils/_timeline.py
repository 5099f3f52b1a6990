# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A timeline as SVG: when a client was served, and what was done meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

STYLE = """\
.timeline { display: block; width: 100%; min-width: 44rem; height: auto; }
.timeline text { fill: var(--ink); font-size: 13px; font-family: inherit; }
.timeline .quiet { fill: var(--muted); font-size: 12px; }
.timeline .grid { stroke: var(--line); stroke-width: 1; }
.timeline .zero { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 3; }
.timeline .served { fill: var(--served); }
.timeline .unserved { fill: var(--unserved); }
.timeline .hatch { stroke: var(--card); stroke-width: 2; opacity: .55; }
.timeline .on { fill: #ffffff; font-weight: 600; }
.timeline .before { fill: var(--before); }
.timeline .after { fill: var(--after); }
"""
"""Whoever shows it defines the colours."""

_WIDTH = 960
_LEFT = 190
_RIGHT = 70
_LANE = 26
_STEP = 20
_TOP = 34


@dataclass(frozen=True)
class Lane:
    """One thing that a client asks, and when it was not served: from, to."""

    label: str
    unserved: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Bar:
    """Something that was done: from begin to end."""

    label: str
    title: str
    begin: float
    end: float
    kind: str = "before"
    """before or after: its colour."""


def svg(
    what: str,
    window: tuple[float, float],
    lanes: Sequence[Lane],
    bars: Sequence[Bar],
    number: int,
    zero: str = "",
) -> str:
    """The picture.

    :param what: what it shows, for those who do not see it.
    :param window: begin and end, in seconds.
    :param number: makes the picture's ids unique on the page.
    :param zero: what happened at second 0, "" if nothing did.
    """
    begin, end = window
    scale = (_WIDTH - _LEFT - _RIGHT) / max(end - begin, 0.001)

    def x(seconds: float) -> float:
        return round(_LEFT + (min(max(seconds, begin), end) - begin) * scale, 1)

    bottom = _TOP + len(lanes) * (_LANE + 10) + 14 + len(bars) * _STEP
    height = bottom + 34
    parts = [
        f'<svg class="timeline" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-label="{escape(what)}">',
        f'<defs><pattern id="hatch{number}" width="7" height="7" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="7"/>'
        "</pattern></defs>",
    ]
    for tick in _ticks(begin, end):
        parts.append(
            f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="{_TOP - 8}" y2="{bottom}"/>'
            f'<text class="quiet" x="{x(tick)}" y="{bottom + 18}" text-anchor="middle">'
            f"{tick:g} s</text>"
        )
    y = _TOP
    for lane in lanes:
        parts += _lane(lane.label, lane.unserved, x, window, y, number)
        y += _LANE + 10
    y += 14
    for step in bars:
        parts += _bar(step, x, y)
        y += _STEP
    if zero:
        parts.append(
            f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="{_TOP - 8}" y2="{bottom}"/>'
            f'<text x="{x(0)}" y="{_TOP - 14}" text-anchor="middle">{escape(zero)}</text>'
        )
    return "".join([*parts, "</svg>"])


def _lane(
    label: str, gaps: Iterable[Any], x: Any, window: tuple[float, float], y: int, number: int
) -> list[str]:
    left, right = x(window[0]), x(window[1])
    parts = [
        f'<text x="{_LEFT - 12}" y="{y + 18}" text-anchor="end">{escape(label)}</text>',
        f'<rect class="served" x="{left}" y="{y}" width="{right - left:.1f}" height="{_LANE}"'
        ' rx="3"><title>served</title></rect>',
    ]
    for begin, end in gaps:
        a, b = x(begin), x(end)
        shape = f'x="{a}" y="{y}" width="{max(b - a, 1.5):.1f}" height="{_LANE}"'
        title = f"<title>not served for {end - begin:.2f} s</title>"
        parts.append(f'<rect class="unserved" {shape}>{title}</rect>')
        parts.append(f'<rect fill="url(#hatch{number})" {shape}>{title}</rect>')
        if b - a > 60:
            # A plain plate behind the words, so that the hatching does not cross them.
            middle = (a + b) / 2
            parts.append(
                f'<rect class="unserved" x="{middle - 26:.1f}" y="{y + 4}" width="52"'
                f' height="{_LANE - 8}" rx="3"/><text class="on" x="{middle:.1f}"'
                f' y="{y + 18}" text-anchor="middle">{end - begin:.1f} s</text>'
            )
    return parts


def _bar(step: Bar, x: Any, y: int) -> list[str]:
    a, b = x(step.begin), x(step.end)
    return [
        f'<text x="{_LEFT - 12}" y="{y + 13}" text-anchor="end">{escape(step.label[:28])}</text>',
        f'<rect class="{step.kind}" x="{a}" y="{y + 3}" width="{max(b - a, 2):.1f}" height="12"'
        f' rx="3"><title>{escape(step.title)}</title></rect>',
        f'<text class="quiet" x="{max(b, a + 2) + 6:.1f}" y="{y + 13}">'
        f"{step.end - step.begin:.2f} s</text>",
    ]


def _ticks(begin: float, end: float) -> list[float]:
    """Round seconds, at most about a dozen."""
    span = end - begin
    width = next((w for w in (0.5, 1, 2, 5, 10, 20, 30, 60, 120) if span / w <= 12), 600)
    first = int(begin // width) + 1
    ticks = []
    while first * width <= end:
        ticks.append(first * width)
        first += 1
    return ticks
