# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a resync or verification is, and how long it still takes, in DRBD's own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from failoverd.formats.strictjson import JsonError, loads

DEVICE = re.compile(r"^\s*(\d+): cs:")
DONE = re.compile(r"(?:sync'ed|verified):\s*(\d+(?:\.\d+)?)%")
LEFT = re.compile(r"finish:\s*(\d+):(\d\d):(\d\d)")


@dataclass(frozen=True)
class Sync:
    """left_s: the kernel's own estimate, None if it gives none."""

    done_percent: float
    left_s: int | None = None


def of_proc(text: str, minor: int) -> Sync | None:
    """What is under way on a device in /proc/drbd (8.4), None if nothing is."""
    lines: list[str] = []
    mine = False
    for line in text.splitlines():
        begins = DEVICE.match(line)
        mine = int(begins[1]) == minor if begins else mine
        if mine:
            lines.append(line)
    done, left = (pattern.search("\n".join(lines)) for pattern in (DONE, LEFT))
    if done is None:
        return None
    seconds = int(left[1]) * 3600 + int(left[2]) * 60 + int(left[3]) if left else None
    return Sync(float(done[1]), seconds)


def of_json(text: str, resource: str) -> Sync | None:
    """What is under way on the first volume in status --json (9), None if nothing is."""
    try:
        entries: Any = loads(text)
        found = next(entry for entry in entries if entry["name"] == resource)
        done = found["connections"][0]["peer_devices"][0]["done"]
        return Sync(float(done)) if isinstance(done, int | float) else None
    except (JsonError, LookupError, TypeError, AttributeError, StopIteration):
        return None
