# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal on a running cluster: its steps, what a client measured, and the last drill."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import _applications, _engines
from ._problems import Problem

FORMAT = 1
ASKS = {"http": "page", "query": "database"}
"""What a client asks an application that has such a check."""
SLOWER, SLOWER_S = 2.0, 2.0
"""A step is told to be slower if it took so many times as long, and so much longer."""
EXACT_S = 2.2
"""A step that costs nothing may show a gap as long as this: one answer that did not come within the
second for which service_probe waits, the pauses around it, and the next one just in time."""


def plan(
    model: Mapping[str, Any], service: str, move: Mapping[str, Any], asked: str
) -> dict[str, Any]:
    """Return lines, steps, targets, and the units that are killed, daemons and application.

    move: the step of the planned move there, with from, to and seconds. asked: what the user wants
    to be asked instead, ADDRESS:PORT with commas between them. Raises Problem.
    """
    of = next(one for one in model["services"] if one["name"] == service)
    targets = _asked(asked) if asked else list(_targets(of))
    if not targets:
        raise Problem(
            f"probe: missing; the inventory does not tell where clients reach {service}. Say it"
            " with -e probe=ADDRESS:PORT."
        )
    home, there = move["from"], move["to"]
    daemons = list(_engines.of(model).hooks.killable)
    # What the daemon itself runs has no main process that systemd knows.
    application = next((one for one in of["applications"] if one["made_by"] != "daemon"), None)
    steps = [_step("fencing", "the fence devices are asked; nothing is switched", 0.0)]
    if daemons:
        steps.append(_step("daemon", f"the cluster's daemon on {home} is killed", 0.0))
    if application:
        text = f"{application['name']} is killed on {home}, and restarted in place"
        steps.append(_step("application", text, None))
    seconds = move["seconds"]
    steps.append(_step("there", f"{service} moves from {home} to {there}", seconds))
    steps.append(_step("back", f"{service} moves back to {home}", seconds))
    return {
        "home": home,
        "there": there,
        "daemons": daemons,
        "application": application["unit"] if application else "",
        "steps": steps,
        "targets": targets,
        "lines": list(_lines(service, steps, targets)),
    }


def _step(name: str, text: str, expected: float | None) -> dict[str, Any]:
    return {"name": name, "text": text, "expected_s": expected}


def _targets(service: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Where clients reach the applications that have a port: the first address of the service."""
    if not service["addresses"]:
        return
    address = service["addresses"][0]["ip"]
    for application in service["applications"]:
        if "port" in application:
            kind = _applications.of(application)
            asks = [ASKS[check["type"]] for check in kind.monitor if check["type"] in ASKS]
            port = int(application["port"])
            yield {"address": address, "port": port, "asks": (asks or ["tcp"])[0]}


def _asked(text: str) -> list[dict[str, Any]]:
    found = []
    for one in text.split(","):
        address, colon, port = one.strip().rpartition(":")
        address = address.strip("[]")
        if not colon or not address or not port.isdigit():
            raise Problem(f"probe: {one.strip()} is not ADDRESS:PORT, such as 192.168.1.10:5432.")
        found.append({"address": address, "port": int(port), "asks": "tcp"})
    return found


def place(target: Mapping[str, Any]) -> str:
    """How a target is shown."""
    address = target["address"]
    return f"[{address}]:{target['port']}" if ":" in address else f"{address}:{target['port']}"


def _lines(
    service: str, steps: Sequence[Mapping[str, Any]], targets: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield f"{number}. {step['text']}; {_expected(step['expected_s'])}."
    yield (
        f"Meanwhile this host asks {', '.join(map(place, targets))} all the time. The cluster has"
        f" to be well again after each step. Clients of {service} lose their connections."
    )


def _expected(seconds: float | None) -> str:
    if seconds is None:
        return "the downtime was not measured yet"
    return f"the expected downtime is {seconds:g} s"


def report(
    about: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    ends: Sequence[Mapping[str, Any]],
    measured: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what is kept: each step with the longest gap of any target, and all gaps.

    ends: name of each step and when it had ended, in their order. measured: what service_probe
    returned. about: cluster and service. Each step and each gap has from and to, in seconds after
    the drill began.
    """
    told, start = [], float(measured["began"])
    begin = start
    texts = {step["name"]: step for step in steps}
    for end in ends:
        inside = [g for g in measured["gaps"] if begin <= g["from"] < end["ended"]]
        gap = max((g["to"] - g["from"] for g in inside), default=0.0)
        when = {"from": round(begin - start, 2), "to": round(end["ended"] - start, 2)}
        told.append({**texts[end["name"]], "downtime_s": round(gap, 2), **when})
        begin = end["ended"]
    gaps = [
        {**gap, "from": round(gap["from"] - start, 2), "to": round(gap["to"] - start, 2)}
        for gap in measured["gaps"]
    ]
    return {"format": FORMAT, **about, "began": measured["began"], "steps": told, "gaps": gaps}


def compared(now: Mapping[str, Any], last: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return lines for people, and a sentence for each step that took longer than it may.

    last: the report of the last drill, {} without one.
    """
    before = {step["name"]: step["downtime_s"] for step in last.get("steps", ())}
    lines, problems = [], []
    for step in now["steps"]:
        took, was = step["downtime_s"], before.get(step["name"])
        line = f"{step['text']}: down for {took:g} s"
        line += f" (last time {was:g} s)" if was is not None else ""
        if was is not None and took > was * SLOWER and took > was + SLOWER_S:
            line += "; SLOWER than last time"
        lines.append(line)
        if step["expected_s"] == 0 and took > EXACT_S:
            problems.append(
                f"{step['text']}: the service was down for {took:g} s, but this must not interrupt"
                " it. The history of the cluster tells what happened."
            )
    return lines, problems


def file(about: Mapping[str, Any], stamp: str) -> str:
    """The name of a report."""
    return f"drill-{about['cluster']}-{about['service']}-{stamp}.json"


def last(directory: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """The report of the last drill of this service in a directory, {} without one.

    Raises Problem for one that cannot be read.
    """
    start = file(about, "").removesuffix(".json")
    names = os.listdir(directory) if os.path.isdir(directory) else []
    # The names of other services may begin like this one.
    ours = [n for n in names if n.startswith(start) and n.endswith("Z.json") and _stamp(n, start)]
    if not ours:
        return {}
    path = os.path.join(directory, max(ours))
    try:
        with open(path, encoding="utf-8") as handle:
            found: dict[str, Any] = json.load(handle)
        if found["format"] != FORMAT or any(
            not isinstance(step["downtime_s"], int | float) for step in found["steps"]
        ):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise Problem(f"reports: {path} is no report of a drill; move it away.") from None
    return found


def _stamp(name: str, start: str) -> bool:
    return "-" not in name.removeprefix(start)
