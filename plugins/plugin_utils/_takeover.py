# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each exclusion method costs of a takeover, in seconds (failoverd/takeover.py, tested)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _timing

MMP_S = 22
"""What the kernel waits at the first mount after a crash of an ext4 with multi-mount protection."""


def costs(model: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return for each method least and most time from the last sign of life to the proof."""
    timing = {key: model["timing"].get(key, limit[0]) for key, limit in _timing.LIMITS.items()}
    spent = timing["dead_s"] + timing["fence_delay_s"]
    result = {}
    for method in model["fencing"]:
        if method["method"] == "watchdog":
            own = method["lease_s"] + float(model["watchdog"]["timeout_s"]) + method["margin_s"]
            both = [own, own]
        elif method["method"] == "sfex":
            times = model["sfex"]["times"]
            own = times["timeout_s"] + times["collision_s"]
            both = [spent + own, spent + own]
            spent += 2 * own
        else:
            both = [timing["suspect_s"], spent + method["timeout_s"]]
            spent += method["timeout_s"]
        result[method["name"]] = [round(both[0], 1), round(both[1], 1)]
    return result


def sentences(model: Mapping[str, Any]) -> list[str]:
    """Return what a user should know before the first failover."""
    result = []
    for name, (least, most) in costs(model).items():
        span = f"{least:g} s" if least == most else f"{least:g} to {most:g} s"
        result.append(
            f"{name}: an owner that dies counts as excluded {span} after its last sign of life."
        )
    for service in model["services"]:
        if service["storage"].get("mmp"):
            result.append(
                f"{service['name']}: multi-mount protection adds about {MMP_S} s to its start after"
                " a crash (storage.mmp)."
            )
    return result
