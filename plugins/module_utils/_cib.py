# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the parts of a CIB that are ours into the one of a cluster. No I/O.

What is ours has an id that begins with PREFIX. Everything else belongs to others, and stays: their
resources and constraints, what the tools wrote for an operator, the nodes, the status.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

PREFIX = "failover."
KEEPING = ("resources", "constraints", "fencing-topology")
SECTIONS = ("crm_config", *KEEPING, "nodes")
"""Children of configuration in which something is ours."""
WORDS = ("target-role", "is-managed", "maintenance")
"""What an operator says of a resource, by the tools, in a set of the resource."""
TOOLS = ("cli-", "drbd-fence-by-handler-")
"""How ids of constraints begin by which the tools move a resource, or DRBD's handler keeps it from
old data; they go with the resource."""
REFERENCES = ("rsc", "with-rsc", "first", "then", "devices", "id-ref", "template")
ORDERED = ("group",)
"""Elements whose children start one after the other."""
Element = ET.Element


class Foreign(Exception):
    """The cluster is not ours, or something of others holds on to what is to go."""


def parse(text: str) -> Element:
    """Read a CIB or a configuration. Raises ValueError."""
    try:
        return ET.fromstring(text)
    except ET.ParseError as error:
        raise ValueError(f"is no XML: {error}") from None


def merged(live: Element, wanted: Element) -> Element:
    """Return a CIB like the live one, with everything that is ours as it is wanted.

    live: a whole CIB. wanted: an element configuration with all that is ours. Raises Foreign.
    """
    result = copy.deepcopy(live)
    configuration = _section(result, "configuration")
    _owned(configuration)
    before = _resources(configuration)
    for tag in SECTIONS:
        section = _section(configuration, tag)
        found = wanted.find(tag)
        _fill(section, list(found) if found is not None else [])
    _released(configuration, before - _resources(configuration))
    return result


def same(one: Element, other: Element) -> bool:
    """Whether two CIBs have the same configuration, blanks and order of attributes apart."""
    return _plain(_section(one, "configuration")) == _plain(_section(other, "configuration"))


def without_new_nodes(cib: Element, live: Element) -> Element:
    """Return a CIB without the nodes that the live one does not have."""
    result = copy.deepcopy(cib)
    known = {node.get("uname") for node in live.iterfind("configuration/nodes/node")}
    for nodes in result.iterfind("configuration/nodes"):
        for node in list(nodes):
            if node.get("uname") not in known:
                nodes.remove(node)
    return result


def next_version(cib: Element) -> None:
    """Give a CIB the version that it has after a change, so that a patch to it has one."""
    cib.set("epoch", str(int(cib.get("epoch", "0")) + 1))
    cib.set("num_updates", "0")


def is_ours(element: Element) -> bool:
    """Whether an element with an id is one that the collection made."""
    return element.get("id", "").startswith(PREFIX)


def services(cib: Element) -> set[str]:
    """Return the names of the services of the collection. Each is a group."""
    ids = (group.get("id", "") for group in cib.iter("group") if is_ours(group))
    return {one.removeprefix(PREFIX) for one in ids}


def service_of(resource: str, names: Iterable[str]) -> str:
    """Return the service that a resource belongs to; the resource itself if it is of no service."""
    own = resource.removeprefix(PREFIX)
    found = [name for name in names if own == name or own.startswith(f"{name}.")]
    return max(found, key=len) if found and own != resource else resource


def _section(parent: Element, tag: str) -> Element:
    found = parent.find(tag)
    return ET.SubElement(parent, tag) if found is None else found


def _owned(configuration: Element) -> None:
    """Refuse a cluster in which somebody else has resources, and nothing is ours."""
    others = [
        element
        for tag in KEEPING
        for element in configuration.iterfind(f"{tag}/*")
        if not is_ours(element)
    ]
    if others and not any(is_ours(element) for element in configuration.iter()):
        names = ", ".join(sorted(element.get("id", element.tag) for element in others)[:5])
        raise Foreign(
            f"the cluster on this node was not made by failover.cluster; it has {names}. Nothing of"
            " it is changed. Take other nodes, or remove that cluster first."
        )


def _resources(configuration: Element) -> set[str]:
    found = _section(configuration, "resources").iter()
    tags = ("primitive", "group", "clone", "bundle")
    return {element.get("id", "") for element in found if element.tag in tags}


def _released(configuration: Element, removed: set[str]) -> None:
    """Take away what the tools left for removed resources; refuse what others said of them."""
    constraints = _section(configuration, "constraints")
    for element in list(constraints):
        if element.get("id", "").startswith(TOOLS) and _names(element) & removed:
            constraints.remove(element)
    for element in configuration.iter():
        held = _names(element) & removed
        if held and not is_ours(element):
            raise Foreign(
                f"{element.tag} {element.get('id', '')} names {', '.join(sorted(held))}, which is"
                " no longer in the inventory, and is not by failover.cluster; remove it first"
                f" (cibadmin --delete --xpath \"//{element.tag}[@id='{element.get('id', '')}']\")."
            )


def _names(element: Element) -> set[str]:
    """Ids of the resources that an element names."""
    named = {word for key in REFERENCES for word in element.get(key, "").split(",")}
    if element.tag in ("resource_ref", "obj_ref"):
        named.add(element.get("id", ""))
    return named - {""}


def _key(element: Element) -> tuple[str, str]:
    return element.tag, element.get("id", "")


def _fill(parent: Element, wanted: Sequence[Element]) -> None:
    """Make the children of an element what is wanted, and keep those of others."""
    live = list(parent)
    by_key = {_key(element): element for element in live}
    made = [_one(by_key.get(_key(element)), element) for element in wanted]
    named = {element.get("name") for element in made if element.tag == "nvpair"}
    keys = {_key(element) for element in made}
    kept = {
        id(element): rest
        for element in live
        if _key(element) not in keys
        for rest in [_left(parent, element)]
        if rest is not None and not (rest.tag == "nvpair" and rest.get("name") in named)
    }
    arranged = _arranged(live, made, kept, parent.tag in ORDERED)
    for element in live:
        parent.remove(element)
    parent.extend(arranged)


def _one(live: Element | None, wanted: Element) -> Element:
    """An element as it is wanted, with what others put into the live one."""
    if live is None:
        return copy.deepcopy(wanted)
    others = {} if is_ours(wanted) else live.attrib
    result = ET.Element(wanted.tag, {**others, **wanted.attrib})
    result.extend(copy.deepcopy(child) for child in live)
    _fill(result, list(wanted))
    return result


def _left(parent: Element, element: Element) -> Element | None:
    """What stays of an element that is not wanted: all of it if it is somebody else's."""
    if element.get("id") and not is_ours(element):
        return element
    if element.tag == "nvpair":
        spoken = parent.tag == "meta_attributes" and element.get("name") in WORDS
        return element if spoken else None
    if element.tag != "meta_attributes":
        return None
    rest = copy.deepcopy(element)
    _fill(rest, [])
    return rest if len(rest) else None


def _arranged(
    live: Sequence[Element], made: Sequence[Element], kept: dict[int, Element], ordered: bool
) -> list[Element]:
    """Live elements stay in their order, and new ones come behind them; in a group, ours have the
    order that is wanted, and each of others stays behind the one that it stood behind."""
    by_key = {_key(element): element for element in made}
    if not ordered:
        found = [
            kept[id(element)] if id(element) in kept else by_key.pop(_key(element), None)
            for element in live
        ]
        return [element for element in found if element is not None] + list(by_key.values())
    result = list(made)
    behind: Element | None = None
    for element in live:
        if id(element) in kept:
            place = result.index(behind) + 1 if behind is not None else 0
            result.insert(place, kept[id(element)])
            behind = kept[id(element)]
        elif _key(element) in by_key:
            behind = by_key[_key(element)]
    return result


def _plain(element: Element) -> tuple[object, ...]:
    return (
        element.tag,
        tuple(sorted(element.attrib.items())),
        tuple(_plain(child) for child in element if not _empty(child)),
    )


def _empty(element: Element) -> bool:
    """A section that is not there, and one without content, say the same."""
    return element.tag in SECTIONS and not len(element)


def lines(cib: Element, hidden: Iterable[str] = ()) -> str:
    """A configuration as text to compare, one element a line. No value of a hidden word is in it.

    hidden: names of values that nobody may see; of a fence device, all that are not Pacemaker's.
    """
    said: list[str] = []
    for section in _section(cib, "configuration"):
        if not _empty(section):
            _say(section, 0, said, tuple(hidden), False)
    return "".join(f"{line}\n" for line in said)


def _say(
    element: Element, depth: int, said: list[str], hidden: Sequence[str], device: bool
) -> None:
    device = device or element.get("class") == "stonith"
    words = dict(element.attrib)
    if element.tag == "nvpair":
        key = words.get("name", "").lower()
        secret = device and not key.startswith("pcmk_")
        if "value" in words and (secret or any(word in key for word in hidden)):
            words["value"] = "(hidden)"
    text = "".join(f' {key}="{value}"' for key, value in words.items())
    said.append(f"{'  ' * depth}<{element.tag}{text}>")
    for child in element:
        _say(child, depth + 1, said, hidden, device)
