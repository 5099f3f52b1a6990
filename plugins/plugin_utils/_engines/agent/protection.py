# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what the nodes told about their watchdogs. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._daemon import fencing
from ..._problems import Problem


def watchdog(model: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> None:
    """F29: the daemon would refuse to own anything, and say the same."""
    guard, seen = model["watchdog"], info["watchdog"]
    if guard is None:
        return
    device, module = guard["device"], guard.get("module", "")
    if not seen["exists"] and not (module and seen["loadable"]):
        driver = f", and its kernel has no driver {module}" if module else ""
        raise Problem(
            f"{node}: there is no watchdog {device}{driver}; without it this node may not own"
            " services (failover_watchdog)."
        )
    if seen["identity"] == fencing.SOFTWARE_IDENTITY and "software_watchdog" not in model["unsafe"]:
        raise Problem(
            f"{node}: {device} is a software watchdog, which dies with a frozen kernel; give"
            " failover_watchdog another, or accept the risk with failover_unsafe:"
            " [software_watchdog]."
        )
