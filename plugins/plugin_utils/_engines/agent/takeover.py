# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a takeover costs, in sentences. The arithmetic is the daemon's (rules/takeover.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import _storage
from ..._daemon import takeover
from . import guard


def costs(model: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return for each method least and most time from the last sign of life to the proof."""
    levels = []
    for method in model["fencing"]:
        if method["method"] == "watchdog":
            wait = method["lease_s"] + float(model["watchdog"]["timeout_s"]) + method["margin_s"]
            levels.append(takeover.lease(method["name"], wait))
        elif method["method"] == "sfex":
            times = model["sfex"]["times"]
            levels.append(takeover.lock(method["name"], times["timeout_s"], times["collision_s"]))
        else:
            levels.append(takeover.device(method["name"], method["timeout_s"]))
    decide = model["ping_targets"] and all(s["addresses"] for s in model["services"])
    told = takeover.costs(guard.durations(model["timing"]), levels, 3 if decide else 1)
    return {name: list(both) for name, both in told.items()}


def sentences(model: Mapping[str, Any]) -> list[str]:
    """Return what a user should know before the first failover."""
    result = []
    for name, (least, most) in costs(model).items():
        span = f"{least:g} s" if least == most else f"{least:g} to {most:g} s"
        result.append(
            f"{name}: an owner that dies counts as excluded {span} after its last sign of life."
        )
    for service in model["services"]:
        result += _storage.of(service).notes(service)
    return result
