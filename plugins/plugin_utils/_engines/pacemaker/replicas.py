# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DRBD resource of a service: a copy on each of its two nodes, promoted on one.

The service runs where the promoted copy is. The kernel keeps a node from promoting old data: DRBD's
handler (HANDLERS) writes a constraint of its own into the CIB, and takes it back when both disks
are the same again. Its id is not ours, so no run of ours touches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from . import durations, elements
from .elements import Element, name

KIND = "drbd"
COPIES = 2
PATIENCE = "--timeout 86400 --dc-timeout 86400"
"""Seconds for which the handler waits until a lost peer is fenced. Its own limit is 90: then it
would let the writes go on, and a fence that comes later could lose them (S1, S2)."""
ROLE = "--role Promoted"
"""The handler's own word, Master, is one that Pacemaker 3 does not know."""
HANDLERS = {
    version: {
        "fence-peer": f"/usr/lib/drbd/crm-fence-peer{tail}.sh {ROLE} {PATIENCE}",
        "unfence-peer": f"/usr/lib/drbd/crm-unfence-peer{tail}.sh",
    }
    for version, tail in (("8", ""), ("9", ".9"))
}
START_S, PROMOTE_S, STOP_S, WATCH_S = 240, 90, 100, 60
"""The agent's own limits, but for the longer monitor."""


def replicated(service: Mapping[str, Any]) -> bool:
    """Whether a service has a DRBD resource."""
    return bool(service["storage"]["type"] == KIND)


def ident(service: Mapping[str, Any]) -> str:
    """The id of the clone."""
    return name(service["name"], KIND, "pair")


def resources(
    model: Mapping[str, Any], service: Mapping[str, Any], failures: Mapping[str, object]
) -> list[Element]:
    """The clone. failures: what a resource does after failures, as meta attributes."""
    if not replicated(service):
        return []
    owner = name(service["name"], KIND)
    parameters = {
        "drbd_resource": service["name"],
        # A reconnection without a resync calls no handler that would take its constraint back.
        "unfence_if_all_uptodate": "true",
    }
    given = elements.nvset("instance_attributes", owner, parameters)
    drbd = elements.primitive(owner, "ocf:linbit:drbd", [given], ops=_ops(model))
    meta = {
        "promotable": "true",
        "promoted-max": 1,
        "promoted-node-max": 1,
        "clone-max": COPIES,
        "clone-node-max": 1,
        # The agent learns from it whether its peer has better data.
        "notify": "true",
        "interleave": "true",
        **failures,
    }
    return [elements.around("clone", ident(service), [drbd], meta)]


def constraints(model: Mapping[str, Any], service: Mapping[str, Any], group: str) -> list[Element]:
    """The service runs with the promoted copy, after it. group: id of the service."""
    if not replicated(service):
        return []
    clone = ident(service)
    together = {"rsc": group, "with-rsc": clone, "with-rsc-role": "Promoted", "score": "INFINITY"}
    order = {"first": clone, "first-action": "promote", "then": group, "then-action": "start"}
    return [
        *(
            elements.location(f"{clone}.not.{node}", clone, node, "-INFINITY")
            for node in model["nodes"]
            if node not in service["storage"]["nodes"]
        ),
        ET.Element("rsc_colocation", {"id": f"{clone}.together", **together}),
        ET.Element("rsc_order", {"id": f"{clone}.first", **order, "kind": "Mandatory"}),
    ]


def _ops(model: Mapping[str, Any]) -> list[dict[str, str]]:
    interval = int(durations.seconds(model["pacemaker"]["monitor_s"]))
    once = {"start": START_S, "promote": PROMOTE_S, "notify": PROMOTE_S}
    # What cannot be given up may still write: the node is switched off.
    ending = {"demote": PROMOTE_S, "stop": STOP_S}
    # Pacemaker tells two monitors apart by their intervals.
    watch = {"Promoted": interval, "Unpromoted": interval + 1}
    return [
        *({"name": key, "interval": "0", "timeout": f"{s}s"} for key, s in once.items()),
        *(
            {"name": key, "interval": "0", "timeout": f"{s}s", "on-fail": "fence"}
            for key, s in ending.items()
        ),
        *(
            {"name": "monitor", "role": role, "interval": f"{s}s", "timeout": f"{WATCH_S}s"}
            for role, s in watch.items()
        ),
    ]
