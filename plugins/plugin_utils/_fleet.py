# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clusters at once, the worst first: from what their nodes answered. Pure."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _gathered

FORMAT = 1
STATES = ("critical", "unknown", "warning", "ok")
"""The worst first."""
SEVERITIES = ("critical", "warning", "info")
SILENT = "no node answers: nothing is known of this cluster"
NOT_JUDGED = "its engine does not say what is wrong: the nodes have an older release"
WIDTHS = {"state": 9, "running": 8}

Finding = dict[str, str]


def report(
    clusters: Mapping[str, Sequence[str]], answers: Mapping[str, Mapping[str, Any]], now: float
) -> dict[str, Any]:
    """Judge each cluster. answers: of each node what cluster_info said; status is {} without one.

    now: Unix time.
    """
    rows = [cluster(name, nodes, answers) for name, nodes in clusters.items()]
    rows.sort(key=lambda row: (STATES.index(row["state"]), row["name"]))
    counts = Counter(row["state"] for row in rows)
    return {
        "format": FORMAT,
        "time": round(now, 3),
        "counts": {state: counts[state] for state in STATES},
        "clusters": rows,
    }


def cluster(
    name: str, nodes: Sequence[str], answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """One cluster: what is wrong with it, told once whichever nodes say it."""
    told = {node: answers.get(node, {}) for node in nodes}
    said = {node: answer["status"] for node, answer in told.items() if answer.get("status")}
    findings = [_absent(node, told[node]) for node in nodes if node not in said]
    for status in said.values():
        findings += _findings(status)
    found = _once(findings)
    state = _worst(found) if said else "unknown"
    if not said:
        found.insert(0, _finding("critical", "silent", "", SILENT))
    return {
        "name": name,
        "state": state,
        "nodes": [{"name": node, "answers": node in said} for node in nodes],
        "services": _services(said.values()),
        "findings": found,
    }


def _absent(node: str, answer: Mapping[str, Any]) -> Finding:
    text = f"{node} does not answer: {_gathered.why_not(answer)}"
    return _finding("warning", "no-answer", node, text)


def _findings(status: Mapping[str, Any]) -> list[Finding]:
    """What the engine says is wrong."""
    health = status.get("health")
    if isinstance(health, Mapping):
        return [
            {key: str(each.get(key, "")) for key in ("severity", "code", "about", "text", "remedy")}
            for each in health.get("findings", [])
        ]
    return [_finding("warning", "not-judged", "", NOT_JUDGED)]


def _finding(severity: str, code: str, about: str, text: str, remedy: str = "") -> Finding:
    return {"severity": severity, "code": code, "about": about, "text": text, "remedy": remedy}


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first. Both nodes tell of one thing in other words: the first of a code counts."""
    seen: dict[tuple[str, str, str], Finding] = {}
    for each in findings:
        # Free text has nothing but its words to tell it from others.
        words = each["text"] if each["code"] in ("warning", "accepted-risk") else ""
        seen.setdefault((each["code"], each["about"], words), each)
    return sorted(seen.values(), key=lambda each: _rank(each["severity"]))


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _worst(findings: Sequence[Finding]) -> str:
    severities = {each["severity"] for each in findings}
    return next((s for s in ("critical", "warning") if s in severities), "ok")


def _services(statuses: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As the node says that runs them, else as the first one says."""
    result: dict[str, dict[str, Any]] = {}
    for status in statuses:
        for service in status.get("services", []):
            name = str(service["name"])
            owner = str(service.get("owner") or "")
            row = {"name": name, "state": str(service.get("state", "")), "owner": owner}
            if name not in result or owner == status.get("node"):
                result[name] = row
    return list(result.values())


def table(found: Mapping[str, Any]) -> list[str]:
    """Lines for people: one a cluster, and below it what else is wrong."""
    rows = found["clusters"]
    name_width = max([7, *(len(row["name"]) for row in rows)])
    lines = [
        f"{'STATE':<{WIDTHS['state']}}{'CLUSTER':<{name_width}}  "
        f"{'RUNNING':<{WIDTHS['running']}}WHERE AND WHAT"
    ]
    for row in rows:
        wrong = [each for each in row["findings"] if each["severity"] != "info"]
        told = [_sentence(each) for each in wrong] or [_where(row)]
        head = (
            f"{row['state'].upper():<{WIDTHS['state']}}{row['name']:<{name_width}}  "
            f"{_running(row):<{WIDTHS['running']}}"
        )
        lines.append(head + told[0])
        lines += [" " * len(head) + text for text in told[1:]]
    counts = " · ".join(f"{n} {state}" for state, n in found["counts"].items() if n)
    return [*lines, counts or "no cluster"]


def _sentence(finding: Mapping[str, str]) -> str:
    remedy = finding["remedy"]
    return finding["text"] + (f" ({remedy})" if remedy and remedy not in finding["text"] else "")


def _running(row: Mapping[str, Any]) -> str:
    services = row["services"]
    running = sum(service["state"] == "running" for service in services)
    return f"{running}/{len(services)}" if services else "?"


def _where(row: Mapping[str, Any]) -> str:
    owners: dict[str, list[str]] = {}
    for service in row["services"]:
        owners.setdefault(service["owner"], []).append(service["name"])
    return "; ".join(f"{', '.join(names)} on {owner}" for owner, names in owners.items())


STYLE = """\
:root { color-scheme: light dark; --line: #8886; --bad: #b00020; --warn: #8a5a00; --good: #1b6e1b; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --warn: #ffca58; --good: #8fd98f; } }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
ul { margin: 0; padding-left: 1.1rem; } code { white-space: pre-wrap; }
.critical, .unknown { color: var(--bad); }
.warning { color: var(--warn); } .ok { color: var(--good); }
td.state { font-weight: bold; white-space: nowrap; }
@media (max-width: 40rem) { thead { display: none; } tr { display: block; padding: .6rem 0;
  border-bottom: 1px solid var(--line); } td { display: block; border: 0; padding: .1rem 0; } }
"""


def page(found: Mapping[str, Any], when: str) -> str:
    """One static page without a script and without anything from outside."""
    counts = ", ".join(f"{n} {state}" for state, n in found["counts"].items() if n)
    rows = "\n".join(_row(row) for row in found["clusters"])
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Clusters: {html.escape(counts or "none")}</title>
<style>
{STYLE}</style>
</head>
<body>
<main>
<h1>Clusters</h1>
<p>{html.escape(counts or "none")}; asked at {html.escape(when)}</p>
<table>
<thead><tr><th scope="col">State</th><th scope="col">Cluster</th><th scope="col">Nodes</th>\
<th scope="col">Services</th><th scope="col">What is wrong</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""


def _row(row: Mapping[str, Any]) -> str:
    nodes = "<br>".join(
        html.escape(node["name"] + ("" if node["answers"] else " (no answer)"))
        for node in row["nodes"]
    )
    services = "<br>".join(
        html.escape(f"{s['name']}: {s['state']}" + (f" on {s['owner']}" if s["owner"] else ""))
        for s in row["services"]
    )
    wrong = "".join(_item(each) for each in row["findings"])
    return (
        f'<tr><td class="state {row["state"]}">{row["state"].upper()}</td>'
        f"<td>{html.escape(row['name'])}</td><td>{nodes}</td><td>{services}</td>"
        f"<td>{f'<ul>{wrong}</ul>' if wrong else ''}</td></tr>"
    )


def _item(finding: Mapping[str, str]) -> str:
    severity = finding["severity"] if finding["severity"] in SEVERITIES else "info"
    remedy = finding["remedy"]
    typed = f" <code>{html.escape(remedy)}</code>" if remedy else ""
    return f'<li class="{severity}">{html.escape(finding["text"])}{typed}</li>'
