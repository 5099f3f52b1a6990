# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what the nodes told about the disk of their locks. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._problems import Problem

Found = Mapping[str, Mapping[str, Any]]


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
