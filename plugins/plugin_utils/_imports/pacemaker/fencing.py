# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fence devices of a CIB, as methods of failover_fencing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._inventory import agents
from .. import text
from ..findings import Findings
from ..heartbeat.stonith import AGENTS, NO_PROOF
from ..inventory import variable
from .cib import Cib, Primitive

MASK = "***"
OURS = ("pcmk_", "action", "delay", "hostname", "method", "ipaddr")
"""Parameters that the engine sets itself, or that have another name."""


def methods(cib: Cib, nodes: Sequence[str], findings: Findings) -> list[dict[str, Any]]:
    """Return the methods in the order of the topology."""
    devices = [
        one
        for unit in cib.units
        for one in unit.members
        if one.agent.partition(":")[0] == "stonith"
    ]
    order = {device: index for _node, index, used in cib.levels for device in used}
    devices.sort(key=lambda one: order.get(one.id, 0))
    result: dict[tuple[str, int], dict[str, dict[str, str]]] = {}
    common: dict[tuple[str, int], dict[str, str]] = {}
    for device in devices:
        agent = _agent(device, findings)
        if not agent:
            continue
        key = (agent, order.get(device.id, 0))
        for node in _nodes(device, nodes):
            result.setdefault(key, {})[node] = _of_node(device, node, agent)
        common.setdefault(key, {}).update(_common(device, agent))
    made: list[dict[str, Any]] = []
    for key, of_nodes in result.items():
        missing = [node for node in nodes if node not in of_nodes]
        if missing:
            findings.add(
                "dropped",
                f"the device {key[0]}",
                f"switches {', '.join(of_nodes)} only; a method needs a device for each node."
                f" Give one for {', '.join(missing)}.",
            )
            continue
        method = {
            "method": "stonith",
            "agent": key[0],
            "nodes": {node: of_nodes[node] for node in nodes},
            "parameters": common[key],
        }
        names = [one["agent"] for one in made]
        if key[0] in names:
            method["name"] = f"{key[0].removeprefix('fence_')}{len(names) + 1}"
        made.append(method)
    if made:
        findings.add(
            "decide",
            "failover_fencing",
            "the secret parameters of the devices were not read: define the variables that the"
            " proposal names, in an Ansible vault, and try each device with"
            " failover.cluster.preflight.",
        )
    return made


def _agent(device: Primitive, findings: Findings) -> str:
    kind = device.agent.partition(":")[2]
    if kind in NO_PROOF:
        findings.add("danger", f"device {device.id}", f"{kind} {NO_PROOF[kind]}. It is left out.")
        return ""
    agent = AGENTS.get(kind, kind)
    if agent not in agents.KNOWN:
        findings.add(
            "dropped",
            f"device {device.id}",
            f"Debian has no fence agent {text.shown(kind)}; name another under failover_fencing.",
        )
        return ""
    return agent


def _nodes(device: Primitive, nodes: Sequence[str]) -> list[str]:
    """The nodes that a device switches; all of them, if it does not say."""
    listed = device.parameters.get("pcmk_host_list", "").replace(",", " ").split()
    mapped = [pair.partition(":")[0] for pair in _map(device)]
    named = device.parameters.get("hostname", "").split()
    said = listed or mapped or named
    return [node for node in nodes if node in said] if said else list(nodes)


def _map(device: Primitive) -> list[str]:
    return device.parameters.get("pcmk_host_map", "").replace(";", " ").split()


def _of_node(device: Primitive, node: str, agent: str) -> dict[str, str]:
    stem = agent.removeprefix("fence_")
    result: dict[str, str] = {}
    plugs = dict(pair.partition(":")[::2] for pair in _map(device))
    if node in plugs:
        result["plug"] = plugs[node]
    elif len(_map(device)) == 0 and device.parameters.get("plug"):
        result["plug"] = device.parameters["plug"]
    address = device.parameters.get("ip") or device.parameters.get("ipaddr", "")
    if address:
        result["ip"] = variable(f"{stem}_ip", node) if address == MASK else address
    return result


def _common(device: Primitive, agent: str) -> dict[str, str]:
    stem = agent.removeprefix("fence_")
    names = {"login": "username", "passwd": "password", "userid": "username"}
    return {
        names.get(name, name): variable(f"vault_{stem}", name) if value == MASK else value
        for name, value in sorted(device.parameters.items())
        if not name.startswith(OURS) and name not in ("ip", "plug", "interface")
    }
