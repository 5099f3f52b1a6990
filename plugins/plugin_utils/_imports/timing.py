# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations of an old cluster, as far as they are safe in the new one."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .._daemon import Timing
from .._daemon import timing as rules
from .findings import Findings

SHORT_S = 2.0
"""A node that is silent for less than that may only be busy."""


@dataclass(frozen=True)
class Old:
    """What the old cluster said, None where it said nothing. Seconds."""

    beat: float | None = None
    dead: float | None = None
    start: float | None = None


def carry(old: Old, where: str, usual_dead: float, findings: Findings) -> dict[str, float]:
    """Return failover_timing. usual_dead: what the old cluster does if it is told nothing."""
    new = Timing()
    result: dict[str, float] = {}
    dead = old.dead
    if dead is None:
        findings.add(
            "changed",
            where,
            f"deadtime is not given, so it was {usual_dead:g} s; the new cluster waits"
            f" {new.dead_s:g} s for a silent node.",
        )
    elif dead < SHORT_S:
        findings.add(
            "danger",
            where,
            f"deadtime is {dead:g} s: a node that is only busy counted as dead, and both could run"
            f" the services. The proposal keeps the default, {new.dead_s:g} s.",
        )
    elif dead > rules.LIMITS["dead_s"][1]:
        findings.add(
            "changed", where, f"deadtime {dead:g} s is longer than dead_s may be; it becomes 300 s."
        )
        result["dead_s"] = rules.LIMITS["dead_s"][1]
    elif dead != new.dead_s:
        result["dead_s"] = dead
        if dead > 2 * new.dead_s:
            findings.add(
                "decide",
                where,
                f"deadtime is {dead:g} s and is carried over as dead_s. The default is"
                f" {new.dead_s:g} s; take dead_s and heartbeat_s out for a quicker failover.",
            )
    _beat(old, where, result, findings)
    if old.start is not None:
        least, most = rules.LIMITS["startup_s"]
        result["startup_s"] = min(max(old.start, least), most)
    return fitting(result)


def _beat(old: Old, where: str, result: dict[str, float], findings: Findings) -> None:
    dead = result.get("dead_s", Timing().dead_s)
    if old.beat is None or (old.dead is not None and old.dead < SHORT_S):
        return
    least, most = rules.LIMITS["heartbeat_s"]
    beat = min(max(old.beat, least), most, round(dead / 4, 3))
    if beat != old.beat:
        findings.add(
            "changed",
            where,
            f"keepalive {old.beat:g} s becomes {beat:g} s, so that four fit into"
            f" dead_s ({dead:g} s).",
        )
    result["heartbeat_s"] = beat


def fitting(given: dict[str, float]) -> dict[str, float]:
    """Return the durations with others that fit to them where the defaults do not."""
    new = {**asdict(Timing()), **given}
    beat, dead = new["heartbeat_s"], new["dead_s"]
    result = dict(given)
    if not 2 * beat <= new["suspect_s"] < dead:
        result["suspect_s"] = round(2 * beat, 3)
    if new["fence_delay_s"] <= 2 * beat:
        result["fence_delay_s"] = round(2 * beat + 2, 3)
    if new["handler_s"] <= dead:
        result["handler_s"] = dead + 30
    return {name: int(v) if v == int(v) else v for name, v in result.items()}
