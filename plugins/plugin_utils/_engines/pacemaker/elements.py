# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The elements of a CIB, each with an id of ours.

An id begins with PREFIX. That is how a later run knows what it made: everything else belongs to
others, and stays. Behind it stands the name of a service, or a word with an underscore, which no
service has. Sets have the ids that Pacemaker's own tools give them, so that a tool changes
what is there, and makes no second set beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

PREFIX = "failover."
PING = "failover-ping"
"""The attribute of a node that counts the ping targets that answer there."""
Element = ET.Element


def name(*parts: str) -> str:
    """The id of a part. A colon, as in an IPv6 address, may not stand in an id."""
    return PREFIX + ".".join(part.replace(":", "_") for part in parts)


def nvset(tag: str, owner: str, values: Mapping[str, object], suffix: str = "") -> Element:
    """A set of named values of an element; suffix tells it from other sets of the element."""
    made = ET.Element(tag, id=f"{owner}-{tag}{suffix}")
    for key, value in values.items():
        ET.SubElement(made, "nvpair", id=f"{made.get('id')}-{key}", name=key, value=str(value))
    return made


def by_node(owner: str, per_node: Mapping[str, Mapping[str, object]]) -> list[Element]:
    """The parameters of an element: one set if they are the same on every node, else one each."""
    first = next(iter(per_node.values()))
    if all(values == first for values in per_node.values()):
        return [nvset("instance_attributes", owner, first)] if first else []
    return [_of_node(owner, node, values) for node, values in per_node.items()]


def _of_node(owner: str, node: str, values: Mapping[str, object]) -> Element:
    made = nvset("instance_attributes", owner, values, f".{node}")
    rule = ET.Element("rule", {"id": f"{made.get('id')}-rule", "score": "0"})
    rule.append(_expression(rule, "node", "#uname", "eq", node))
    made.insert(0, rule)
    return made


def _expression(rule: Element, tail: str, attribute: str, operation: str, value: str) -> Element:
    return ET.Element(
        "expression",
        {
            "id": f"{rule.get('id')}-{tail}",
            "attribute": attribute,
            "operation": operation,
            "value": value,
        },
    )


def operations(owner: str, each: Sequence[Mapping[str, str]]) -> Element:
    """What is done to a resource; the id names action, role and interval."""
    made = ET.Element("operations")
    for one in each:
        tail = "-".join(one[key] for key in ("name", "role", "interval") if key in one)
        ET.SubElement(made, "op", {"id": f"{owner}-{tail}", **one})
    return made


def primitive(
    ident: str,
    agent: str,
    parameters: Sequence[Element] = (),
    meta: Mapping[str, object] | None = None,
    ops: Sequence[Mapping[str, str]] = (),
) -> Element:
    """A resource. agent: such as ocf:heartbeat:IPaddr2, systemd:NAME or stonith:fence_NAME."""
    kind, _colon, rest = agent.partition(":")
    words = {"id": ident, "class": kind}
    if kind == "ocf":
        words["provider"], _colon, rest = rest.partition(":")
    made = ET.Element("primitive", {**words, "type": rest})
    if meta:
        made.append(nvset("meta_attributes", ident, meta))
    made.extend(parameters)
    if ops:
        made.append(operations(ident, ops))
    return made


def around(tag: str, ident: str, inner: Sequence[Element], meta: Mapping[str, object]) -> Element:
    """A group or clone of resources."""
    made = ET.Element(tag, id=ident)
    if meta:
        made.append(nvset("meta_attributes", ident, meta))
    made.extend(inner)
    return made


def location(ident: str, resource: str, node: str, score: str) -> Element:
    """How much a resource wants to be on a node."""
    return ET.Element("rsc_location", {"id": ident, "rsc": resource, "node": node, "score": score})


def on_the_lan(model: Mapping[str, Any], resource: str, score: int) -> list[Element]:
    """How much a resource wants to be where enough ping targets answer, if there are any."""
    if not model["ping_targets"]:
        return []
    needed = model["monitors"].get("ping", {}).get("needed", 1)
    return [where_at_least(f"{resource}.lan", resource, PING, needed, str(score))]


def where_at_least(ident: str, resource: str, attribute: str, least: int, score: str) -> Element:
    """How much a resource wants to be where an attribute of the node is large enough."""
    made = ET.Element("rsc_location", id=ident, rsc=resource)
    rule = ET.SubElement(made, "rule", {"id": f"{ident}-rule", "score": score})
    found = _expression(rule, "enough", attribute, "gte", str(least))
    found.set("type", "number")
    rule.append(found)
    return made
