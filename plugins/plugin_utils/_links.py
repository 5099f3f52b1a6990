# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heartbeat links of a cluster: reading, checking, filling in what the nodes told."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from . import _net
from ._values import Problem, mapping, name, path, per_node, refuse, sequence, text, unique, whole

BAUDS = (9600, 19200, 38400, 57600, 115200)
KEYS = ("type", "interface", "address", "network", "port", "device", "baud")


def read(value: Any, nodes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the links with per-node values; addresses that are not given are empty."""
    where = "failover_links"
    links = []
    for index, item in enumerate(sequence(where, value)):
        links.append(_link(f"{where}[{index}]", item, nodes))
    unique(where, [link["name"] for link in links], "name")
    check(links, nodes)
    return links


def _link(where: str, value: Any, nodes: Sequence[str]) -> dict[str, Any]:
    item = mapping(where, value, required=("name",), optional=KEYS)
    default = "serial" if "device" in item else "udp"
    kind = text(f"{where}.type", item.get("type", default), ("udp", "serial"))
    wrong = ("interface", "address", "network", "port") if kind == "serial" else ("device", "baud")
    for key in wrong:
        if key in item:
            raise Problem(f"{where}.{key}: {item[key]} does not belong to a link of type {kind}.")
    link: dict[str, Any] = {"where": where, "name": name(f"{where}.name", item["name"])}
    link["type"] = kind
    if kind == "serial":
        if "device" not in item:
            raise Problem(f"{where}.device: missing; a serial link needs the device of its line.")
        devices = per_node(f"{where}.device", item["device"], nodes)
        link["device"] = {n: path(f"{where}.device", v) for n, v in devices.items()}
        link["baud"] = whole(f"{where}.baud", item.get("baud", 115200), 9600, 115200)
        if link["baud"] not in BAUDS:
            refuse(f"{where}.baud", link["baud"], f"is not one of {', '.join(map(str, BAUDS))}.")
        return link
    if "interface" not in item:
        raise Problem(f"{where}.interface: missing; a link over a network needs its interface.")
    names = per_node(f"{where}.interface", item["interface"], nodes)
    link["interface"] = {n: text(f"{where}.interface", v) for n, v in names.items()}
    link["port"] = whole(f"{where}.port", item.get("port", 7410), 1, 65535)
    link["network"] = _network(f"{where}.network", item["network"]) if "network" in item else ""
    given = per_node(f"{where}.address", item["address"], nodes) if "address" in item else {}
    link["address"] = {}
    for node, raw in given.items():
        address, network = split(f"{where}.address.{node}", raw)
        link["address"][node] = address
        link["network"] = link["network"] or network
    return link


def _network(where: str, value: Any) -> str:
    try:
        return _net.network(text(where, value))
    except ValueError:
        refuse(where, value, "is not a network such as 192.168.1.0/24.")


def split(where: str, value: Any) -> tuple[str, str]:
    """Return the address and, if a prefix was written, its network; else ''."""
    raw = text(where, value)
    try:
        return _net.host(raw), _net.network(raw) if "/" in raw else ""
    except ValueError:
        refuse(where, value, "is not an IP address.")


def named(links: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """Return the link with a name; the model has checked that services name links that exist."""
    for link in links:
        if link["name"] == name:
            return link
    known = ", ".join(str(link["name"]) for link in links) or "none"
    raise Problem(f"{name} is not a link of the cluster; they are {known}.")


def fill(
    links: list[dict[str, Any]],
    found: Mapping[str, Mapping[str, Any]],
    virtual: Sequence[str],
) -> None:
    """Take the addresses that were not given from the interfaces of the nodes.

    found holds for each node {"interfaces": {name: ["192.168.1.11/24", ...]}}. A virtual
    address is never a node's own, wherever its service runs at the moment.
    """
    for link in links:
        if link["type"] != "udp":
            continue
        for node, facts in found.items():
            interface = link["interface"][node]
            present = facts["interfaces"].get(interface)
            if present is None:
                has = ", ".join(sorted(facts["interfaces"])) or "none"
                raise Problem(
                    f"{link['where']}.interface: {interface} does not exist on {node};"
                    f" it has {has}."
                )
            own = [item for item in present if item.split("/")[0] not in virtual]
            given = link["address"].get(node)
            if given and not any(item.split("/")[0] == given for item in own):
                raise Problem(
                    f"{link['where']}.address.{node}: {given} is not an address of {interface}"
                    f" on {node}; it has {', '.join(own) or 'none'}."
                )
            if not own:
                raise Problem(
                    f"{link['where']}.interface: {interface} on {node} has no address;"
                    " a link needs one."
                )
            chosen = next((i for i in own if i.split("/")[0] == given), own[0])
            link["address"][node] = chosen.split("/")[0]
            link["network"] = link["network"] or _net.network(chosen)


def check(links: Sequence[Mapping[str, Any]], nodes: Sequence[str]) -> None:
    """Refuse shared addresses, shared lines and nodes that cannot meet on a link."""
    taken: dict[str, str] = {}
    for link in links:
        if link["type"] != "udp":
            continue
        for node, address in link["address"].items():
            where = f"{link['where']}.address.{node}"
            if address in taken:
                refuse(where, address, f"is already the address of {taken[address]}.")
            taken[address] = f"{node} on link {link['name']}"
            if link["network"] and not _net.inside(address, link["network"]):
                refuse(where, address, f"is outside the network {link['network']} of its link.")
    for one, other in itertools.combinations(links, 2):
        if one["type"] != other["type"]:
            continue
        key = "device" if one["type"] == "serial" else "interface"
        for node in nodes:
            if one[key][node] == other[key][node]:
                refuse(
                    f"{other['where']}.{key}",
                    other[key][node],
                    f"is already used by link {one['name']} on {node};"
                    " two links over one wire fail together.",
                )
