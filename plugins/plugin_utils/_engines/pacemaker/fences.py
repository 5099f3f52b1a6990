# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fence devices of a CIB, their order, and where they may run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from . import durations, elements
from .elements import Element, name


def devices(model: Mapping[str, Any]) -> list[Element]:
    """One device for each node and method."""
    return [_device(model, method, node) for method in model["fencing"] for node in model["nodes"]]


def ident(method: Mapping[str, Any], node: str) -> str:
    """The id of the device that switches a node."""
    return name("_fence", method["name"], node)


def _device(model: Mapping[str, Any], method: Mapping[str, Any], node: str) -> Element:
    owner, limit = ident(method, node), durations.seconds(method["timeout_s"])
    parameters = {
        **method["parameters"],
        **method["nodes"][node],
        "pcmk_host_list": node,
        "pcmk_host_check": "static-list",
        # The parameters of a node name its plug, where a device has several.
        "pcmk_host_argument": "none",
        "pcmk_off_timeout": limit,
        "pcmk_reboot_timeout": limit,
        "pcmk_monitor_timeout": limit,
        "pcmk_status_timeout": limit,
    }
    interval = durations.seconds(model["pacemaker"]["device_monitor_s"])
    return elements.primitive(
        owner,
        f"stonith:{method['agent']}",
        [elements.nvset("instance_attributes", owner, parameters)],
        ops=[
            {"name": "start", "interval": "0", "timeout": limit},
            {"name": "monitor", "interval": interval, "timeout": limit},
        ],
    )


def places(model: Mapping[str, Any]) -> list[Element]:
    """A node that is to be fenced must not be the one that watches the device."""
    return [
        elements.location(f"{owner}.elsewhere", owner, node, "-INFINITY")
        for method in model["fencing"]
        for node in model["nodes"]
        for owner in [ident(method, node)]
    ]


def topology(model: Mapping[str, Any]) -> Element:
    """The methods are tried in the order of the list; the first that succeeds counts."""
    made = ET.Element("fencing-topology")
    for node in model["nodes"]:
        for index, method in enumerate(model["fencing"], 1):
            ET.SubElement(
                made,
                "fencing-level",
                {
                    "id": name("_level", node, str(index)),
                    "target": node,
                    "index": str(index),
                    "devices": ident(method, node),
                },
            )
    return made


def longest_s(model: Mapping[str, Any]) -> float:
    """How long it takes until every method was tried."""
    return float(sum(method["timeout_s"] for method in model["fencing"]))
