# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration in a CIB. Its secrets were masked on the host."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

LONGEST = 4 * 1024 * 1024
INFINITY = 1_000_000
SCORES = {"INFINITY": INFINITY, "+INFINITY": INFINITY, "-INFINITY": -INFINITY}
PROMOTED = ("Master", "Promoted")
UNITS = {
    **dict.fromkeys(("ms", "msec"), 0.001),
    **dict.fromkeys(("", "s", "sec"), 1.0),
    **dict.fromkeys(("m", "min"), 60.0),
    **dict.fromkeys(("h", "hr"), 3600.0),
}


class Malformed(ValueError):
    """The text is no CIB; the message is the end of a sentence."""


@dataclass(frozen=True)
class Primitive:
    """One resource with its agent."""

    id: str
    agent: str
    """class:type, or class:provider:type."""
    parameters: dict[str, str]
    meta: dict[str, str]
    timeouts: dict[str, float]
    """Operation -> seconds."""


@dataclass(frozen=True)
class Unit:
    """What is placed as a whole: a group, or a primitive alone; cloned, if it runs everywhere."""

    id: str
    members: tuple[Primitive, ...]
    cloned: bool = False
    promotable: bool = False
    meta: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bond:
    """A constraint between two resources."""

    one: str
    other: str
    score: int
    promoted: bool = False


@dataclass(frozen=True)
class Place:
    """A constraint to a node. node: "" for a rule."""

    resource: str
    node: str
    score: int
    id: str


@dataclass
class Cib:
    """All of it."""

    nodes: list[str] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    together: list[Bond] = field(default_factory=list)
    """one runs where other does."""
    orders: list[Bond] = field(default_factory=list)
    """one starts before other."""
    places: list[Place] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    levels: list[tuple[str, int, tuple[str, ...]]] = field(default_factory=list)
    """Node, level and devices of a fencing topology."""
    alerts: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Kinds of constraints and resources that are not read."""


def parse(content: str) -> Cib:
    """Read the element configuration. Raises Malformed."""
    if len(content) > LONGEST or "<!DOCTYPE" in content or "<!ENTITY" in content:
        raise Malformed("is no configuration of a cluster")
    try:
        top = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError):
        raise Malformed("is no XML") from None
    cib = Cib()
    cib.nodes = [n.get("uname", "") for n in top.findall("nodes/node") if n.get("uname")]
    resources = top.find("resources")
    cib.units = [unit for one in resources or () if (unit := _unit(one, cib)) is not None]
    for one in top.find("constraints") or ():
        _constraint(one, cib)
    cib.properties = _pairs(top.findall("crm_config/cluster_property_set"))
    cib.defaults = _pairs(top.findall("rsc_defaults/meta_attributes"))
    for level in top.iter("fencing-level"):
        devices = tuple(level.get("devices", "").split(","))
        cib.levels.append((level.get("target", ""), _number(level.get("index", "")), devices))
    cib.alerts = [one.get("path", "") for one in top.findall("alerts/alert")]
    return cib


def _pairs(sets: list[Element]) -> dict[str, str]:
    return {
        pair.get("name", ""): pair.get("value", "")
        for one in sets
        for pair in one.findall("nvpair")
    }


def _primitive(element: Element) -> Primitive:
    words = [element.get(key) for key in ("class", "provider", "type")]
    timeouts = {}
    for operation in element.findall("operations/op"):
        seconds = duration(operation.get("timeout", ""))
        if seconds is not None:
            timeouts[operation.get("name", "")] = seconds
    return Primitive(
        element.get("id", ""),
        ":".join(word for word in words if word),
        _pairs(element.findall("instance_attributes")),
        _pairs(element.findall("meta_attributes")),
        timeouts,
    )


def _unit(element: Element, cib: Cib) -> Unit | None:
    identity = element.get("id", "")
    meta = _pairs(element.findall("meta_attributes"))
    if element.tag == "primitive":
        return Unit(identity, (_primitive(element),), meta=meta)
    if element.tag == "group":
        return Unit(identity, tuple(map(_primitive, element.findall("primitive"))), meta=meta)
    if element.tag in ("clone", "master"):
        promotable = element.tag == "master" or meta.get("promotable", "").lower() == "true"
        members = tuple(_primitive(one) for one in element.iter("primitive"))
        return Unit(identity, members, True, promotable, meta)
    if element.tag != "template":
        cib.others.append(f"{element.tag} {identity}")
    return None


def _constraint(element: Element, cib: Cib) -> None:
    identity = element.get("id", "")
    score = _score(element.get("score", element.get("kind", "")))
    if element.find("resource_set") is not None:
        for (first, _role), (second, promoted) in _pairs_of_sets(element):
            if element.tag == "rsc_order":
                cib.orders.append(Bond(first, second, INFINITY))
            elif element.tag == "rsc_colocation":
                cib.together.append(Bond(first, second, score, promoted in PROMOTED))
    elif element.tag == "rsc_colocation":
        role = element.get("with-rsc-role", "")
        one, other = element.get("rsc", ""), element.get("with-rsc", "")
        cib.together.append(Bond(one, other, score, role in PROMOTED))
    elif element.tag == "rsc_order":
        cib.orders.append(Bond(element.get("first", ""), element.get("then", ""), INFINITY))
    elif element.tag == "rsc_location":
        node = element.get("node", "") if element.find("rule") is None else ""
        cib.places.append(Place(element.get("rsc", ""), node, score, identity))
    else:
        cib.others.append(f"{element.tag} {identity}")


def _pairs_of_sets(element: Element) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Neighbours in the sets of a constraint, each with its role."""
    flat = [
        (ref.get("id", ""), one.get("role", ""))
        for one in element.findall("resource_set")
        for ref in one.findall("resource_ref")
    ]
    yield from itertools.pairwise(flat)


def _score(text: str) -> int:
    if text in SCORES:
        return SCORES[text]
    return _number(text) if text not in ("", "Mandatory") else INFINITY


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,9}", text) else 0


def duration(text: str) -> float | None:
    """Return seconds: 60, 60s, 500ms, 2min; None for a text that is none."""
    found = re.fullmatch(r"([0-9]{1,9})\s*([a-z]*)", text.strip().lower())
    if found is None or found[2] not in UNITS:
        return None
    return int(found[1]) * UNITS[found[2]]
