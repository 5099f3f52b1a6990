# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what the nodes told about their watchdogs and the disk of their locks. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._daemon import fencing
from ..._problems import Problem

Found = Mapping[str, Mapping[str, Any]]


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


def lock_disks(model: Mapping[str, Any], found: Found) -> None:
    """Refuse a lock disk that one node does not see, or that is another one there."""
    nodes = model["nodes"]
    if model["sfex"] is None:
        return
    for node in nodes:
        disk, seen = model["sfex"]["disk"][node], found[node]["lock_disk"]
        where = f"failover_sfex.disk: {disk}"
        if not seen["exists"]:
            raise Problem(f"{where} does not exist on {node}.")
        if not seen["block"]:
            raise Problem(f"{where} on {node} is not a block device.")
        if seen["used"] in ("mounted", "swap"):
            raise Problem(f"{where} on {node} is in use ({seen['used']}).")
    first, *others = nodes
    sizes = {node: found[node]["lock_disk"]["size"] for node in nodes}
    for other in others:
        if sizes[first] != sizes[other]:
            raise Problem(
                f"failover_sfex.disk: is not the same disk on both nodes; it has {sizes[first]}"
                f" bytes on {first} and {sizes[other]} on {other}."
            )
