# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the steps of a takeover and their times from the histories of the nodes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

PHASES = ("detect", "fence", "promote", "mount", "start", "address")

# The first of these shows that the node has begun to act.
_DECISION = {
    "power_off": ("fence-begin", "peer-gone", "takeover", "start-begin"),
    "switchover": ("stop-begin", "grant", "claim", "takeover", "start-begin"),
}
_STEP_OF_TYPE = {"drbd": "promote", "filesystem": "mount", "virtual_ip": "address"}


@dataclass(frozen=True)
class Span:
    """A step on a node, in wall-clock seconds."""

    step: str
    node: str
    begin: float
    end: float
    detail: str = ""

    @property
    def seconds(self) -> float:
        """Length of the step."""
        return self.end - self.begin


def parse_history(text: str) -> list[dict[str, Any]]:
    """Read ``failoverctl history --json``: a list, or one entry per line."""
    try:
        value = json.loads(text)
    except ValueError:
        value = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    if isinstance(value, dict):
        value = value.get("history", value.get("entries", [value]))
    return sorted(value, key=lambda entry: float(entry["time"]))


def steps(
    name: str, history: Iterable[dict[str, Any]], begin: float, end: float, new_owner: str
) -> list[Span]:
    """The steps of one event between two wall-clock times, in order of their begin.

    :param name: ``power_off`` or ``switchover``.
    :param begin: the moment at which power was cut or the command was sent.
    :param new_owner: the node that serves afterwards.
    """
    entries = [entry for entry in history if begin <= float(entry["time"]) <= end]
    found: list[Span] = []
    deciding = [
        entry
        for entry in entries
        if entry["code"] in _DECISION[name] and (name == "switchover" or entry["node"] == new_owner)
    ]
    if deciding:
        first = deciding[0]
        found.append(Span("detect", first["node"], begin, first["time"], first["text"]))
    found += _fencing(entries, new_owner)
    found += _resources(entries, begin)
    return sorted(found, key=lambda span: (span.begin, span.end))


def _fencing(entries: Sequence[dict[str, Any]], node: str) -> list[Span]:
    own = [entry for entry in entries if entry["node"] == node]
    begins = [entry for entry in own if entry["code"] == "fence-begin"]
    if not begins:
        return []
    begin = begins[0]["time"]
    ends = [entry for entry in own if entry["code"] == "peer-gone" and entry["time"] >= begin]
    ends = ends or [
        entry for entry in own if entry["code"] == "fence-end" and entry["time"] >= begin
    ]
    return [Span("fence", node, begin, ends[0]["time"], ends[0]["text"])] if ends else []


def _resources(entries: Sequence[dict[str, Any]], begin: float) -> list[Span]:
    found = []
    for entry in entries:
        data = entry.get("data") or {}
        if entry["code"] not in ("resource-up", "resource-down"):
            continue
        began, seconds = float(data["began"]), float(data["seconds"])
        if began < begin:
            continue
        kind = str(data.get("type", ""))
        resource = str(data.get("resource", ""))
        if entry["code"] == "resource-down":
            step = f"stop {resource}"
        else:
            step = _STEP_OF_TYPE.get(kind, "start")
        found.append(Span(step, entry["node"], began, began + seconds, resource))
    return found


def durations(name: str, spans: Sequence[Span], new_owner: str) -> dict[str, float | None]:
    """Seconds of each phase on the way back to service; None when the history lacks it.

    ``start`` is the start of PostgreSQL if there is such a unit, else the longest start.
    A switchover fences nobody: 0.
    """
    result: dict[str, float | None] = dict.fromkeys(PHASES)
    if name == "switchover":
        result["fence"] = 0.0
    for phase in PHASES:
        fitting = [
            span
            for span in spans
            if span.step == phase and (phase == "detect" or span.node == new_owner)
        ]
        database = [span for span in fitting if span.detail.startswith("postgresql")]
        fitting = database if phase == "start" and database else fitting
        if fitting:
            result[phase] = round(max(span.seconds for span in fitting), 3)
    return result
