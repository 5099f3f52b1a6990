# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/performance.md and its picture, from the last results of the bench."""

from __future__ import annotations

from html import escape
from typing import Any

from bench.cases import CASES
from bench.results import FLOOR, NONE, RESULTS, read

PAGE = "docs/performance.md"
PICTURE = "docs/performance.svg"
HEAD = """\
<!--
SPDX-FileCopyrightText: failover.cluster contributors
SPDX-License-Identifier: GPL-3.0-or-later
-->
# How long a service is away

`make bench` measures it, and `make docs` makes this page from `bench/results.json`.

All systems run in one session on one machine: two hosts with a kernel of their own, DRBD 8.4 with
protocol C, PostgreSQL, Apache, and a management controller that speaks IPMI. They take turns, and
the order changes with each run. A client outside of the hosts inserts rows through the virtual
address, one after the other, and fetches pages. It judges: no system is asked how long it took.

- *Fence order*: from the fault until the management controller of the owner gets its first order.
  Detection ends here at the latest. A system that fences nobody in a case has none.
- *Write outage*: the longest time without an acknowledged row, median (least to most).
- *Page outage*: the longest time without a page.
- *Lost*: acknowledged rows that are missing at the end of the session.
- *Floor*: somebody who knows at once what has happened, excludes nobody, and types the shortest
  way. No system that is safe can be quicker on these hosts.

The hosts are User Mode Linux: a system call and the start of a process cost several times as much
as on hardware. That slows down systems whose agents are shell scripts more than others. Compare
the systems within one session, and measure on your own hardware with [a drill](drill.md).

![Seconds without an acknowledged write](performance.svg)
"""
SVG_HEAD = """\
<!--
SPDX-FileCopyrightText: failover.cluster contributors
SPDX-License-Identifier: GPL-3.0-or-later
-->
"""
STYLE = (
    "<style>text{font:12px sans-serif;fill:#333}rect{fill:#8a93a3}.failoverd{fill:#1769aa}"
    ".floor{fill:#c8cdd6}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>"
)
WIDTH, LEFT, ROW, GAP = 760, 210, 20, 14


def pages() -> dict[str, str]:
    """Path and text of what is made from the results, nothing before there are any."""
    if not RESULTS.exists():
        return {}
    measured = read(RESULTS)
    return {PAGE: page(measured), PICTURE: picture(measured)}


def page(report: dict[str, Any]) -> str:
    """The whole text."""
    parts = [HEAD]
    for case, rows in _by_case(report).items():
        parts += [f"## {CASES[case].what[0].upper()}{CASES[case].what[1:]}", "", *_table(rows), ""]
    parts += ["## What was compared", ""]
    for system, about in report["systems"].items():
        parts += [f"### {system}", ""]
        for name, text in about.items():
            parts += [f"{name}:", "", "```text", text, "```", ""]
    return "\n".join(parts).rstrip("\n") + "\n"


def _by_case(report: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in report["rows"]:
        found.setdefault(row["case"], []).append(row)
    return found


def _table(rows: list[dict[str, Any]]) -> list[str]:
    heads = ["system", "fence order", "write outage", "page outage", "times the floor"]
    heads += ["came back", "lost"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = (
            row["system"],
            _seconds(row["ordered_s"]),
            _seconds(row["write_s"]),
            _seconds(row["page_s"]),
            row["ratio"].get(FLOOR, NONE),
            f"{row['returned']} of {row['runs']}",
            "unknown" if row["lost"] is None else row["lost"],
        )
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return lines


def _seconds(spread: dict[str, float | None]) -> str:
    if spread["median"] is None:
        return NONE
    return f"{spread['median']:.1f} s ({spread['least']:.1f} to {spread['most']:.1f})"


def picture(report: dict[str, Any]) -> str:
    """A bar for each case and system: the median of the write outage."""
    rows = [row for row in report["rows"] if row["write_s"]["median"] is not None]
    longest = max((row["write_s"]["median"] for row in rows), default=1.0)
    scale = (WIDTH - LEFT - 70) / longest
    y, parts, case = 10, [], ""
    for row in rows:
        if row["case"] != case:
            y += GAP if case else 0
            case = row["case"]
        median = row["write_s"]["median"]
        label = escape(f"{case.replace('_', ' ')}, {row['system']}")
        length = round(median * scale, 1)
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{label}</text>',
            f'<rect class="{escape(row["system"])}" x="{LEFT}" y="{y + 3}"'
            f' width="{length}" height="{ROW - 6}"/>',
            f'<text x="{round(LEFT + length + 6, 1)}" y="{y + 14}">{median:.1f} s</text>',
        ]
        y += ROW
    label = "Seconds without an acknowledged write, by case and system"
    head = (
        f'{SVG_HEAD}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 10}"'
        f' role="img" aria-label="{label}">\n{STYLE}'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"
