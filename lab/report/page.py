# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page around the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _timeline

import failover_page
from failover_page.picture import svg
from failover_page.words import Speech
from lab.report.picture import timeline_svg
from lab.report.stories import stories

_TITLES = {"switchover": "Planned switchover", "power_off": "Power cut of the active node"}
_WORDS = {
    "switchover": "An operator asks the cluster to move the service to the other node.",
    "power_off": "The active node stops between two instructions, as if its plug were pulled."
    " Nobody tells the other node.",
}
_PHASES = (
    ("detect", "until the cluster acts"),
    ("fence", "power of the lost node verified off"),
    ("promote", "replicated disk becomes writable"),
    ("mount", "file system"),
    ("start", "PostgreSQL ready"),
    ("address", "virtual address answers"),
)


def render(
    report: dict[str, Any],
    timelines: Sequence[dict[str, Any]],
    account: dict[str, Any],
    problems: Sequence[str],
    history: Sequence[dict[str, Any]] = (),
) -> str:
    """The whole report.

    :param report: the content of report.json.
    :param timelines: for each event the data of its picture.
    :param account: the client's summary.
    :param problems: what went wrong, a sentence each; empty when nothing did.
    :param history: what both nodes wrote, in order of time.
    """
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    style += _timeline.STYLE
    style += resources.files(failover_page).joinpath("static/picture.css").read_text("utf-8")
    body = [
        "<h1>Two nodes, one service, and what a client saw</h1>",
        '<p class="muted">A client outside the cluster inserted numbered rows into PostgreSQL and'
        " fetched a web page about 50 times a second, always through the service's virtual"
        " address, while the service was moved and its node lost its power.</p>",
        _verdict(problems),
        _tiles(report, account),
        *(
            _event(event, timeline, number)
            for number, (event, timeline) in enumerate(
                zip(report["events"], timelines, strict=True)
            )
        ),
        _phases(report["events"]),
        f"<section>{stories(history)}</section>",
        _rows(account),
        _provision(report["provision"]),
        _method(),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Failover demonstration</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{chr(10).join(body)}\n</main>\n</body>\n</html>\n"
    )


def _verdict(problems: Sequence[str]) -> str:
    if not problems:
        return (
            '<div class="verdict"><strong>✓ All went well.</strong> Nothing that the client saw'
            " acknowledged was lost, the service never ran on two nodes, and it came back by"
            " itself.</div>"
        )
    items = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
    return f'<div class="verdict failed"><strong>✗ Failed.</strong><ul>{items}</ul></div>'


def _tiles(report: dict[str, Any], account: dict[str, Any]) -> str:
    lost = len(account.get("lost", [])) if account.get("verified") else "not known"
    tiles = [
        (account.get("acknowledged", 0), "rows acknowledged"),
        (lost, "acknowledged rows lost"),
    ]
    for event in report["events"]:
        title = _TITLES.get(event["name"], event["name"])
        tiles.append((_seconds(event["downtime_s"]["postgresql"], 1), f"PostgreSQL away: {title}"))
    inner = "".join(
        f'<div class="tile"><b>{escape(str(value))}</b><span>{escape(text)}</span></div>'
        for value, text in tiles
    )
    return f'<div class="tiles">{inner}</div>'


def _event(event: dict[str, Any], timeline: dict[str, Any], number: int) -> str:
    before, after = event["active_before"] or "nobody", event["active_after"] or "nobody"
    down = event["downtime_s"]
    return (
        f"<section><h2>{escape(_TITLES.get(event['name'], event['name']))}</h2>"
        f"<p>{escape(_WORDS.get(event['name'], ''))} Served by {escape(before)} before, by"
        f" {escape(after)} after. Longest time without an acknowledged row:"
        f" <b>{_seconds(down['postgresql'], 2)}</b>; without the web page:"
        f" <b>{_seconds(down['http'], 2)}</b>.</p>"
        '<div class="legend"><span><i style="background:var(--served)"></i>client served</span>'
        '<span><i style="background:var(--unserved)"></i>client not served (hatched)</span>'
        f'<span><i style="background:var(--before)"></i>step on {escape(before)}</span>'
        f'<span><i style="background:var(--after)"></i>step on {escape(after)}</span></div>'
        f'<div class="scroll">{timeline_svg(event, timeline, number)}</div>'
        f"{_afterwards(timeline['status'], number)}</section>"
    )


def _afterwards(status: dict[str, Any], number: int) -> str:
    """The cluster as the status page draws it; nothing if no node told how it was."""
    if not status:
        return ""
    node = escape(str(status.get("node", "")))
    return (
        f"<figure><figcaption>Afterwards, as the status page of {node} draws it</figcaption>"
        f"{svg(status, Speech('en'), str(number))}</figure>"
    )


def _phases(events: Sequence[dict[str, Any]]) -> str:
    names = [_TITLES.get(event["name"], event["name"]) for event in events]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = [
        f"<tr><td>{escape(phase)} <span class='muted'>({escape(text)})</span></td>"
        + "".join(f"<td>{_seconds(event['phases_s'].get(phase), 2)}</td>" for event in events)
        + "</tr>"
        for phase, text in _PHASES
    ]
    for label, key in (("PostgreSQL not served", "postgresql"), ("Web page not served", "http")):
        cells = "".join(f"<td><b>{_seconds(e['downtime_s'][key], 2)}</b></td>" for e in events)
        rows.append(f"<tr><td><b>{label}</b></td>{cells}</tr>")
    for key in ("acknowledged", "lost"):
        cells = "".join(f"<td>{'not known' if e[key] is None else e[key]}</td>" for e in events)
        rows.append(f"<tr><td>rows {key}</td>{cells}</tr>")
    return (
        "<section><h2>Where the time went</h2>"
        '<p class="muted">Taken from the histories of both nodes. Steps that do not depend on each'
        " other run at the same time, so the sum may exceed the time without service.</p>"
        f'<div class="scroll"><table><thead><tr><th>Step</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _rows(account: dict[str, Any]) -> str:
    sessions = account.get("sessions", {})
    lines = [
        ("acknowledged by the server", account.get("acknowledged", 0)),
        ("left open by a broken connection", account.get("unknown", 0)),
        ("of these, found in the table", account.get("unknown_kept", "not known")),
        ("refused with an error", account.get("refused", 0)),
        ("more than once in the table", len(account.get("duplicated", []))),
        ("in a wrong order in the table", len(account.get("out_of_order", []))),
    ]
    if sessions:
        lines.append(("visits in one web session", sum(sessions.values())))
        lines.append(("times that the web session was lost", sessions.get("lost", 0)))
    inner = "".join(f"<tr><td>{escape(t)}</td><td>{escape(str(v))}</td></tr>" for t, v in lines)
    return (
        "<section><h2>Every row accounted for</h2>"
        '<p class="muted">A row counts as lost only if the server confirmed it and it is missing'
        " from the table at the end. When a connection breaks before the answer, the client cannot"
        " know; such rows are neither lost nor acknowledged.</p>"
        f'<div class="scroll"><table><tbody>{inner}</tbody></table></div></section>'
    )


def _provision(provision: dict[str, Any]) -> str:
    return (
        "<section><h2>Building the cluster</h2><p>The first run of <code>site.yml</code> on two"
        f" bare hosts took {_seconds(provision['first_run_s'], 0)}; the second took"
        f" {_seconds(provision['second_run_s'], 0)} and changed"
        f" {escape(str(provision['second_run_changed']))} things.</p></section>"
    )


def _method() -> str:
    return (
        "<section><h2>How it was measured</h2><p>Two Linux kernels with real DRBD, PostgreSQL and"
        " Apache run on one machine. The client takes no word from the cluster: it uses one"
        " database connection, gives up a silent one after a second, and connects anew. A second"
        " observer reads mounts, addresses and DRBD's role on both nodes about three times a"
        " second and would show if the service were ever active on two of them. Nodes of this lab"
        " start programs many times more slowly than real machines do.</p></section>"
    )


def _seconds(value: float | None, digits: int) -> str:
    return "n/a" if value is None else f"{value:.{digits}f} s"
