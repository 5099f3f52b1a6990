# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders a model into the parts of a CIB that are ours: the children of its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from ..._daemon import monitors
from . import corosync, durations, elements, fences, services
from .elements import Element, name

OPTIONS = "cib-bootstrap-options"
"""The set that wins over every other one; the tools write there, too."""
MARGIN_S = 10
"""What the cluster adds to the devices' own time to fence a node."""


def render(model: Mapping[str, Any]) -> str:
    """Return the text of an element configuration; it holds the secrets of fence devices."""
    made = configuration(model)
    ET.indent(made)
    return ET.tostring(made, encoding="unicode") + "\n"


def configuration(model: Mapping[str, Any]) -> Element:
    """The element with everything that is ours, in an order that does not change."""
    made = ET.Element("configuration")
    ET.SubElement(made, "crm_config").append(_options(model))
    resources = ET.SubElement(made, "resources")
    resources.extend([*fences.devices(model), *_ping(model), *services.resources(model)])
    constraints = ET.SubElement(made, "constraints")
    constraints.extend([*fences.places(model), *services.constraints(model)])
    made.append(fences.topology(model))
    made.append(_nodes(model))
    return made


def _nodes(model: Mapping[str, Any]) -> Element:
    """The nodes by their numbers, and how many services each may run."""
    made = ET.Element("nodes")
    for node in model["nodes"]:
        words = {"id": str(corosync.number(node)), "uname": node}
        one = ET.SubElement(made, "node", words)
        if not model["pacemaker"]["share"]:
            room = {services.ROOM: services.room(model, node)}
            one.append(elements.nvset("utilization", name("_node", node), room))
    return made


def _options(model: Mapping[str, Any]) -> Element:
    delay = durations.given(model, "fence_delay_s")
    values = {
        "stonith-enabled": "true",
        "stonith-action": "reboot" if model["power_on"] else "off",
        "stonith-timeout": f"{durations.seconds(fences.longest_s(model) + MARGIN_S)}s",
        "no-quorum-policy": "stop",
        **({} if model["pacemaker"]["share"] else {"placement-strategy": "utilization"}),
        # The node whose services weigh less waits, so that the owner wins.
        **(
            {"priority-fencing-delay": f"{durations.seconds(delay)}s"}
            if corosync.two_alone(model)
            else {}
        ),
    }
    made = ET.Element("cluster_property_set", id=OPTIONS)
    for key, value in values.items():
        ET.SubElement(made, "nvpair", id=name("_option", key), name=key, value=value)
    return made


def _ping(model: Mapping[str, Any]) -> list[Element]:
    """What counts on every node the ping targets that answer."""
    targets = model["ping_targets"]
    if not targets:
        return []
    given = model["monitors"].get("ping", {})
    limits = {key: given.get(key, values[0]) for key, values in monitors.LIMITS["ping"].items()}
    owner = name("_ping")
    parameters = {
        "name": elements.PING,
        "host_list": " ".join(target["address"] for target in targets),
        "multiplier": "1",
        "attempts": str(limits["confirmations"]),
        "timeout": durations.seconds(limits["deadline_s"]),
        "dampen": f"{durations.seconds(durations.given(model, 'witness_s'))}s",
    }
    longest = limits["confirmations"] * (limits["deadline_s"] + 1) * len(targets)
    limit = f"{durations.seconds(max(60, longest))}s"
    watch = f"{durations.seconds(limits['interval_s'])}s"
    ping = elements.primitive(
        owner,
        "ocf:pacemaker:ping",
        [elements.nvset("instance_attributes", owner, parameters)],
        ops=[
            {"name": "start", "interval": "0", "timeout": limit},
            {"name": "stop", "interval": "0", "timeout": "20s"},
            {"name": "monitor", "interval": watch, "timeout": limit},
        ],
    )
    return [elements.around("clone", name("_ping", "everywhere"), [ping], {"interleave": "true"})]
