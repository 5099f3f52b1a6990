# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill as one static page, without a script and without anything from outside."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from . import _timeline
from ._timeline import Bar, Lane

STYLE = """\
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1b1f24;
  --muted: #5b6470; --line: #dde1e6; --served: #2f9e77; --unserved: #d1434b; --before: #7d8793;
  --after: #2f6fd0; --good: #1f7a5a; --bad: #b3262f; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1d2126; --ink: #e8ebee;
  --muted: #a2abb5; --line: #343a42; --served: #3fae87; --unserved: #e5636a; --before: #929ca8;
  --after: #6aa0f0; --good: #63c7a2; --bad: #f08a90; } }
body { margin: 0; padding: 2rem 1rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .4rem .7rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
.good { color: var(--good); } .bad { color: var(--bad); }
"""


def page(
    report: Mapping[str, Any],
    last: Mapping[str, Any],
    places: Sequence[str],
    problems: Sequence[str],
) -> str:
    """The page. last: the report of the drill before, {} without one. places: what was asked."""
    name = f"Drill of {report['service']} in cluster {report['cluster']}"
    began = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(report["began"]))
    before = {step["name"]: step["downtime_s"] for step in last.get("steps", ())}
    rows = "\n".join(_row(step, before.get(step["name"])) for step in report["steps"])
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(name)}</title>
<style>
{STYLE}{_timeline.STYLE}</style>
</head>
<body>
<main>
<h1>{escape(name)}</h1>
<p>Begun at {began}. The control host asked the service about ten times a second.
Hatched: no answer.</p>
{_verdict(problems)}
<div class="scroll">{_picture(report, places)}</div>
<div class="scroll"><table>
<thead><tr><th scope="col">Step</th><th scope="col">Down for</th><th scope="col">Last time</th>\
<th scope="col">Expected</th></tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
</main>
</body>
</html>
"""


def _verdict(problems: Sequence[str]) -> str:
    if not problems:
        return '<p class="good"><strong>✓ Every step went as it must.</strong></p>'
    items = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
    return f'<div class="bad"><strong>✗ Failed.</strong><ul>{items}</ul></div>'


def _picture(report: Mapping[str, Any], places: Sequence[str]) -> str:
    gaps, steps = report["gaps"], report["steps"]
    asked = [*places, *sorted({gap["where"] for gap in gaps} - set(places))]
    lanes = [Lane(a, [(g["from"], g["to"]) for g in gaps if g["where"] == a]) for a in asked]
    bars = [Bar(step["name"], step["text"], step["from"], step["to"]) for step in steps]
    end = max((step["to"] for step in steps), default=0.0)
    return _timeline.svg("Timeline of the drill", (0.0, end), lanes, bars, 0)


def _row(step: Mapping[str, Any], before: float | None) -> str:
    cells = (step["downtime_s"], before, step["expected_s"])
    told = "".join(f"<td>{'n/a' if s is None else f'{s:g} s'}</td>" for s in cells)
    return f"<tr><td>{escape(step['text'])}</td>{told}</tr>"
