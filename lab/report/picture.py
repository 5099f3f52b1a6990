# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline of one event, drawn as SVG."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

_WIDTH = 960
_LEFT = 190
_RIGHT = 70
_LANE = 26
_STEP = 20
_TOP = 34
_LANES = (("postgresql", "PostgreSQL inserts"), ("http", "Web pages"))


def timeline_svg(event: dict[str, Any], timeline: dict[str, Any], number: int) -> str:
    """The picture: when the client was served, and which step ran when on which node.

    :param event: the event's entry of report.json.
    :param timeline: times in seconds after the event (see lab.demo.events.timeline).
    :param number: makes the picture's ids unique on the page.
    """
    begin, end = float(timeline["begin"]), float(timeline["end"])
    scale = (_WIDTH - _LEFT - _RIGHT) / max(end - begin, 0.001)

    def x(seconds: float) -> float:
        return round(_LEFT + (min(max(seconds, begin), end) - begin) * scale, 1)

    steps = timeline["steps"]
    bottom = _TOP + len(_LANES) * (_LANE + 10) + 14 + len(steps) * _STEP
    height = bottom + 34
    what = f"Timeline of {event['name'].replace('_', ' ')}"
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
    for key, label in _LANES:
        parts += _client_lane(label, timeline["unserved"].get(key, []), x, (begin, end), y, number)
        y += _LANE + 10
    y += 14
    for step in steps:
        parts += _step(step, event, x, y)
        y += _STEP
    cause = "power cut" if event["name"] == "power_off" else "command sent"
    parts.append(
        f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="{_TOP - 8}" y2="{bottom}"/>'
        f'<text x="{x(0)}" y="{_TOP - 14}" text-anchor="middle">{cause}</text></svg>'
    )
    return "".join(parts)


def _client_lane(
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


def _step(step: dict[str, Any], event: dict[str, Any], x: Any, y: int) -> list[str]:
    a, b = x(step["begin"]), x(step["end"])
    side = "after" if step["node"] == event["active_after"] else "before"
    seconds = step["end"] - step["begin"]
    name = f"{step['step']} {step['detail']}" if step["step"] == "start" else step["step"]
    title = f"{step['step']} on {step['node']}: {seconds:.2f} s. {step['detail']}"
    return [
        f'<text x="{_LEFT - 12}" y="{y + 13}" text-anchor="end">{escape(name[:28])}</text>',
        f'<rect class="{side}" x="{a}" y="{y + 3}" width="{max(b - a, 2):.1f}" height="12" rx="3">'
        f"<title>{escape(title)}</title></rect>",
        f'<text class="quiet" x="{max(b, a + 2) + 6:.1f}" y="{y + 13}">{seconds:.2f} s</text>',
    ]


def _ticks(begin: float, end: float) -> list[float]:
    """Round seconds, at most about a dozen."""
    span = end - begin
    width = next((w for w in (0.5, 1, 2, 5, 10, 20, 30) if span / w <= 12), 60)
    first = int(begin // width) + 1
    ticks = []
    while first * width <= end:
        ticks.append(first * width)
        first += 1
    return ticks
