# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The STONITH devices of ha.cf, as fence agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import protection, text
from ..findings import Findings
from ..inventory import Inventory
from ..inventory import address as one_form
from . import ha_cf, stonith


def methods(config: ha_cf.Config, inventory: Inventory, findings: Findings) -> list[dict[str, Any]]:
    result = []
    seen: dict[str, dict[str, dict[str, str]]] = {}
    for one in config.stonith:
        where = f"ha.cf line {one.line}"
        if one.type in stonith.NO_PROOF:
            findings.add(
                "danger",
                where,
                f"{one.type} {stonith.NO_PROOF[one.type]}. It is no proof that a node is off, and"
                " it is left out.",
            )
            continue
        agent = stonith.AGENTS.get(one.type, "")
        if not agent:
            findings.add(
                "dropped",
                where,
                f"Debian has no fence agent for the device {text.shown(one.type)}. Look for one"
                " that switches your nodes (docs/fencing.md), and name it under failover_fencing.",
            )
            continue
        devices = seen.setdefault(agent, {})
        if one.type in stonith.ONE_NODE:
            node = next(
                (n for n in inventory.nodes if n.lower() in map(str.lower, one.parameters)), ""
            )
            ip = next((one_form(p) for p in one.parameters if one_form(p)), "")
            if node:
                devices[node] = {"ip": ip} if ip else {}
        else:
            ip = next((one_form(p) for p in one.parameters if one_form(p)), "")
            devices.update({node: {"ip": ip} if ip else {} for node in inventory.nodes})
    for agent, devices in seen.items():
        result.append(_method(agent, devices, inventory, findings))
    return result


def _method(
    agent: str,
    devices: Mapping[str, dict[str, str]],
    inventory: Inventory,
    findings: Findings,
) -> dict[str, Any]:
    stem = agent.removeprefix("fence_")
    every = [devices.get(node, {}).get("ip", "") for node in inventory.nodes]
    shared = len(set(every)) < len(every) and bool(every[0])
    nodes = {
        node: devices.get(node) or {"ip": protection.variable(f"{stem}_ip", node)}
        for node in inventory.nodes
    }
    made = protection.device(agent, nodes, shared)
    findings.add(
        "decide",
        "failover_fencing",
        f"the device of the nodes is asked by {agent}. Its passwords were not read: define the"
        " variables that the proposal names, in an Ansible vault, and try each device with"
        " failover.cluster.preflight.",
    )
    return made
