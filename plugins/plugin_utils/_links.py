# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heartbeat links of a cluster: completing, checking, filling in what the nodes told."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from . import _net
from ._inventory.reading import Scope, put
from ._problems import Problem, Problems, refuse

ALONE = (
    "is alone in its network, as at some providers, so that it does not say what the LAN is;"
    " give network: with the network of the LAN, such as 10.0.0.0/24."
)


def complete(links: Sequence[Any], scope: Scope) -> None:
    """Give each link its addresses and its network; what is not given is empty."""
    names: set[str] = set()
    for link in links:
        put(scope, link, "name", _name, link, names)
        if link["type"] != "udp":
            continue
        put(scope, link, "network", _network, link)
        put(scope, link, "address", _addresses, link)


def _addresses(link: Any) -> dict[str, str]:
    return {node: given["address"] for node, given in link.get("address", {}).items()}


def _name(link: Any, names: set[str]) -> str:
    name = str(link["name"])
    if name in names:
        raise Problem(f"{link['where']}.name: {name} is used twice; it must be unique.")
    names.add(name)
    return name


def _network(link: Any) -> str:
    if "network" in link:
        return str(link["network"])
    told = link.get("address", {})
    for node, given in told.items():
        if _net.alone(given["network"]):
            refuse(f"{link['where']}.address.{node}", given["network"], ALONE)
    return next((str(a["network"]) for a in told.values() if a["network"]), "")


def named(links: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """Return the link with a name; the model has checked that services name links that exist."""
    for link in links:
        if link["name"] == name:
            return link
    known = ", ".join(str(link["name"]) for link in links) or "none"
    raise Problem(f"{name} is not a link of the cluster; they are {known}.")


def fill(
    links: Sequence[Any],
    found: Mapping[str, Mapping[str, Any]],
    virtual: Sequence[str],
    problems: Problems,
) -> None:
    """Take the addresses that were not given from the interfaces of the nodes.

    found holds for each node {"interfaces": {name: ["192.168.1.11/24", ...]}}. A virtual
    address is never a node's own, wherever its service runs at the moment.
    """
    for link in links:
        for node, facts in found.items():
            with problems:
                if link["type"] == "udp":
                    _fill(link, node, facts["interfaces"], virtual)


def _fill(
    link: Any, node: str, interfaces: Mapping[str, Sequence[str]], virtual: Sequence[str]
) -> None:
    interface, where = link["interface"][node], link["where"]
    present = interfaces.get(interface)
    if present is None:
        has = ", ".join(sorted(interfaces)) or "none"
        raise Problem(f"{where}.interface: {interface} does not exist on {node}; it has {has}.")
    own = [item for item in present if item.split("/")[0] not in virtual]
    given = link["address"].get(node)
    if given and not any(item.split("/")[0] == given for item in own):
        raise Problem(
            f"{where}.address.{node}: {given} is not an address of {interface} on {node}; it has"
            f" {', '.join(own) or 'none'}."
        )
    if not own:
        raise Problem(f"{where}.interface: {interface} on {node} has no address; a link needs one.")
    # An address that the interface gave itself is taken only if there is no other (H20).
    own.sort(key=lambda item: _net.special(item.split("/")[0]) != "")
    chosen = next((i for i in own if i.split("/")[0] == given), own[0])
    link["address"][node] = chosen.split("/")[0]
    if not link["network"]:
        if _net.alone(chosen):
            refuse(f"{where}.interface", chosen, f"of {interface} on {node} {ALONE}")
        link["network"] = _net.network(chosen)


def check(links: Sequence[Any], nodes: Sequence[str], problems: Problems) -> None:
    """Refuse shared addresses, shared lines and nodes that cannot meet on a link."""
    taken: dict[str, str] = {}
    for link in links:
        for node in nodes:
            with problems:
                if link["type"] == "udp" and link["address"].get(node):
                    _address(link, node, taken)
    for one, other in itertools.combinations(links, 2):
        with problems:
            for node in nodes:
                _wire(one, other, node)


def _address(link: Any, node: str, taken: dict[str, str]) -> None:
    where, address = f"{link['where']}.address.{node}", link["address"][node]
    if address in taken:
        refuse(where, address, f"is already the address of {taken[address]}.")
    taken[address] = f"{node} on link {link['name']}"
    if link["network"] and not _net.inside(address, link["network"]):
        refuse(where, address, f"is outside the network {link['network']} of its link.")


def _wire(one: Any, other: Any, node: str) -> None:
    if one["type"] != other["type"]:
        return
    key = "device" if one["type"] == "serial" else "interface"
    if one[key][node] == other[key][node]:
        refuse(
            f"{other['where']}.{key}",
            other[key][node],
            f"is already used by link {one['name']} on {node}; two links over one wire fail"
            " together.",
        )
