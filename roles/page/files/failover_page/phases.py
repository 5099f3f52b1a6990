# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the last failover to this node took, by phase, as its history tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .reading import mapping, number, text

PHASES = ("detect", "exclude", "promote", "mount", "start", "address")
BEGINS = ("start-begin", "takeover")
STEP = {"drbd": "promote", "sfex": "promote", "filesystem": "mount", "virtual_ip": "address"}
"""Phase by type of resource. Applications are the rest."""
SILENT = re.compile(r"has not been heard for ([0-9]+(?:\.[0-9]+)?) s")
DETECTION_S = 3600.0
"""A silence that began earlier belongs to another event."""


@dataclass(frozen=True)
class Failover:
    """The last takeover of one service by this node. Times are Unix seconds."""

    service: str
    began: float
    """When the peer was heard last, or the takeover began if the peer was not silent."""
    ended: float
    phases: Mapping[str, float]
    """Seconds. Phases overlap where resources do not depend on each other."""

    @property
    def seconds(self) -> float:
        """From the last sign of life to the running service."""
        return max(0.0, self.ended - self.began)


def failovers(history: Sequence[Mapping[str, Any]]) -> list[Failover]:
    """Those that the history knows from beginning to end, oldest first."""
    found = []
    for index, entry in enumerate(history):
        service = text(entry, "service")
        if text(entry, "code") == "takeover" and service:
            one = _failover(history, index, service)
            if one is not None:
                found.append(one)
    return found


def last_failovers(history: Sequence[Mapping[str, Any]]) -> list[Failover]:
    """The last one of each service."""
    return list({one.service: one for one in failovers(history)}.values())


def _failover(history: Sequence[Mapping[str, Any]], index: int, service: str) -> Failover | None:
    begun = number(history[index], "time")
    after = list(_own(history[index + 1 :], service))
    end = next((one for one in after if text(one, "code") in ("running", "stopped")), None)
    ended = number(end, "time")
    if begun is None or ended is None or text(end, "code") != "running":
        return None
    phases: dict[str, float] = {}
    heard = _last_heard(history[:index], begun)
    shot = _latest(history[:index], "fence-begin", begun)
    gone = _latest(history[:index], "peer-gone", begun)
    if heard is not None:
        phases["detect"] = max(0.0, (shot or gone or begun) - heard)
    if shot is not None and gone is not None and gone >= shot:
        phases["exclude"] = gone - shot
    for one in after[: after.index(end) + 1 if end in after else len(after)]:
        data = mapping(one, "data")
        took = number(data, "seconds")
        if text(one, "code") == "resource-up" and took is not None:
            step = STEP.get(text(data, "type"), "start")
            phases[step] = max(phases.get(step, 0.0), took)
    return Failover(service, heard if heard is not None else begun, ended, phases)


def _own(entries: Iterable[Mapping[str, Any]], service: str) -> Iterable[Mapping[str, Any]]:
    return (one for one in entries if text(one, "service") == service)


def _latest(entries: Sequence[Mapping[str, Any]], code: str, until: float) -> float | None:
    """When that happened last, if it belongs to the same event."""
    for one in reversed(entries):
        at = number(one, "time")
        if text(one, "code") == code and at is not None:
            return at if 0 <= until - at < DETECTION_S else None
        if text(one, "code") in ("peer-alive", "running"):
            return None
    return None


def _last_heard(entries: Sequence[Mapping[str, Any]], until: float) -> float | None:
    """When the peer was heard last before it was suspected."""
    for one in reversed(entries):
        at = number(one, "time")
        if text(one, "code") == "peer-alive":
            return None
        if text(one, "code") == "peer-suspect" and at is not None:
            said = SILENT.search(text(one, "text"))
            silent = float(said[1]) if said else 0.0
            return at - silent if 0 <= until - at < DETECTION_S else None
    return None
