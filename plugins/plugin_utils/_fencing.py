# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exclusion methods of a cluster, in the order in which they are tried."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import _net
from ._values import Problem, mapping, name, number, refuse, sequence, text, unique

METHODS = ("stonith", "sfex", "watchdog")
LEASE = {"lease_s": (10.0, 1, 600), "margin_s": (2.0, 0.1, 600), "window_s": (15.0, 1, 600)}
# As SECRET in the daemon's exclusion.py.
SECRET = re.compile(
    r"pass|secret|token|credential|private|api_?key|access_key|hexadecimal_kg|community",
    re.IGNORECASE,
)
DEVICE_KEYS = ("ip", "ipaddr", "ip_address")
MANAGED = {
    "action": "failoverd chooses the action itself.",
    "delay": "a fixed delay follows the node and not its role; use failover_timing.fence_delay_s.",
}


def read(value: Any, nodes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the methods; the parameters still hold their secrets."""
    where = "failover_fencing"
    methods = []
    for index, raw in enumerate(sequence(where, value)):
        methods.append(_method(f"{where}[{index}]", raw, nodes))
    unique(where, [method["name"] for method in methods], "name")
    return methods


def _method(where: str, raw: Any, nodes: Sequence[str]) -> dict[str, Any]:
    kind = raw.get("method") if isinstance(raw, Mapping) else ""
    if kind not in ("sfex", "watchdog"):
        return _stonith(where, raw, nodes)
    limits = LEASE if kind == "watchdog" else {}
    item = mapping(where, raw, required=("method",), optional=("name", *limits))
    result: dict[str, Any] = {
        "where": where,
        "name": name(f"{where}.name", item.get("name", "lease" if limits else "sfex")),
        "method": kind,
        # Without a device of its own; every method has the same keys.
        "agent": "",
        "timeout_s": 0.0,
        "parameters": {},
        "nodes": {},
    }
    for key, (default, low, high) in limits.items():
        result[key] = number(f"{where}.{key}", item.get(key, default), low, high)
    return result


def _stonith(where: str, raw: Any, nodes: Sequence[str]) -> dict[str, Any]:
    item = mapping(
        where,
        raw,
        required=("method", "agent", "nodes"),
        optional=("name", "timeout_s", "parameters"),
    )
    method = text(f"{where}.method", item["method"], METHODS)
    agent = text(f"{where}.agent", item["agent"])
    if not re.fullmatch(r"fence_[a-z0-9_]+", agent):
        refuse(f"{where}.agent", agent, "is not the name of a fence agent such as fence_ipmilan.")
    devices = mapping(f"{where}.nodes", item["nodes"], required=nodes)
    result: dict[str, Any] = {
        "where": where,
        "name": name(f"{where}.name", item.get("name", agent.removeprefix("fence_"))),
        "method": method,
        "agent": agent,
        "timeout_s": number(f"{where}.timeout_s", item.get("timeout_s", 30), 1, 600),
        "parameters": _parameters(f"{where}.parameters", item.get("parameters", {})),
        "nodes": {n: _parameters(f"{where}.nodes.{n}", devices[n]) for n in nodes},
    }
    seen: dict[str, str] = {}
    for node in nodes:
        # One device that answers for both nodes needs something that tells their plugs apart.
        shown = repr(sorted(result["nodes"][node].items()))
        if shown in seen:
            raise Problem(
                f"{where}.nodes.{node}: the same device as of {seen[shown]};"
                " fencing one node would cut the power of the other."
            )
        seen[shown] = node
    return result


def _parameters(where: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        refuse(where, value, "is not a mapping.")
    result = {}
    for key, item in value.items():
        if key in MANAGED:
            raise Problem(f"{where}.{key}: not allowed; {MANAGED[key]}")
        if isinstance(item, bool):
            item = "1" if item else "0"
        if not isinstance(item, (str, int, float)) or "\n" in str(item):
            # The value may be a secret: it is not shown.
            raise Problem(f"{where}.{key}: the value is not a text of one line.")
        result[str(key)] = str(item)
    return result


def check_addresses(
    methods: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, Any]],
    replication: Sequence[str],
) -> None:
    """Refuse a device that is a node itself or hangs on a replication link (it dies with it)."""
    for method in methods:
        for node, parameters in method["nodes"].items():
            for key in DEVICE_KEYS:
                if key in parameters:
                    _device(
                        f"{method['where']}.nodes.{node}.{key}", parameters[key], links, replication
                    )


def _device(
    where: str, value: str, links: Sequence[Mapping[str, Any]], replication: Sequence[str]
) -> None:
    try:
        address = _net.address(value)
    except ValueError:
        return  # A host name: only the network can tell.
    for link in links:
        if link["type"] != "udp":
            continue
        for node, own in link["address"].items():
            if address == own:
                refuse(where, value, f"is the address of {node} on link {link['name']}.")
        network = link["network"]
        if link["name"] in replication and network and _net.inside(address, network):
            refuse(
                where,
                value,
                f"lies in the replication LAN of link {link['name']} ({network});"
                " a fence device must be reachable when that link is lost.",
            )


def public(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters that may be read by anybody."""
    return {key: item for key, item in parameters.items() if not SECRET.search(key)}


def secret(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters that are kept in a file of their own."""
    return {key: item for key, item in parameters.items() if SECRET.search(key)}
