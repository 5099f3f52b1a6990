# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the variables of a cluster's nodes out of the inventory, whoever is in the play."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import _membership, _model, _packages
from ._inventory import agents
from ._problems import Problem

ACCOUNTS = {"postgresql": "postgres", "apache": "www-data"}
"""Accounts that own shared data, by the kind of the application."""
CONNECTION = ("ansible_host", "ansible_port")


def model_of(
    task_vars: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any] | None:
    """Return the model (secrets inside) of the cluster of the host, None if it has none."""
    host = str(task_vars["inventory_hostname"])
    hostvars = task_vars["hostvars"]
    if not _membership.has_cluster(hostvars[host]):
        return None
    own = _variables(host, hostvars)
    cluster, nodes = _membership.find(host, own, task_vars["groups"])
    variables = {node: _variables(node, hostvars) for node in nodes}
    model = _model.build(cluster, nodes, variables, found)
    model["addresses"] = {n: str(variables[n].get("ansible_host", n)) for n in nodes}
    result: dict[str, Any] = json.loads(json.dumps(model))
    return result


def _variables(node: str, hostvars: Mapping[str, Any]) -> dict[str, Any]:
    source = hostvars[node]
    result = {}
    for key in source:
        if key in CONNECTION or key.startswith("failover_"):
            try:
                result[str(key)] = source[key]
            except Exception as error:
                # Whatever the template engine raises, the user needs the variable's name.
                reason = " ".join(str(error).split())
                raise Problem(f"{key}: cannot be evaluated for {node}: {reason}") from error
    return result


def view(model: Mapping[str, Any], host: str, in_play: list[str]) -> dict[str, Any]:
    """Return what a host needs to know of its own place in the cluster."""
    nodes = model["nodes"]
    return {
        "node": host,
        "peer": next(node for node in nodes if node != host),
        # This node works for the cluster where one node must: the first that is in the play.
        "acting": next((node for node in nodes if node in in_play), host),
        # Nodes that a limit left out are asked by delegation, so that a cluster never shrinks.
        "ask": [host, *(node for node in nodes if node not in in_play)],
        "others": [node for node in nodes if node not in in_play],
        "questions": {node: questions(model, node) for node in nodes},
    }


def questions(model: Mapping[str, Any], node: str) -> dict[str, Any]:
    """Return the arguments of node_info for a node."""
    applications = [a for s in model["services"] for a in s["applications"]]
    kinds = {application["kind"] for application in applications}
    # An agent's scope is made when it is started; the init system knows nothing of it.
    units = [a["unit"] for a in applications if a["kind"] != "ocf"]
    programs = [f"/etc/init.d/{a['script']}" for a in applications if a["kind"] == "lsb"]
    programs += [
        f"/usr/lib/ocf/resource.d/{a['agent'].replace(':', '/')}"
        for a in applications
        if a["kind"] == "ocf"
    ]
    # No package of the distribution brings an agent of somebody's own.
    strange = {method["agent"] for method in model["fencing"]} - agents.KNOWN - {""}
    programs += [f"/usr/sbin/{agent}" for agent in sorted(strange)]
    return {
        "services": [
            {
                "name": s["name"],
                "disk": s["storage"]["disk"][node],
                "mount": s["storage"]["mount"],
            }
            for s in model["services"]
            if s["storage"]["mount"]
        ],
        "lock_disk": model["sfex"]["disk"][node] if model["sfex"] else "",
        "watchdog": {key: (model["watchdog"] or {}).get(key, "") for key in ("device", "module")},
        "accounts": [account for kind, account in ACCOUNTS.items() if kind in kinds],
        "units": units,
        "stock_units": _packages.stock(model),
        "programs": programs,
        "serial": [link["device"][node] for link in model["links"] if link["type"] == "serial"],
        "names": list(model["nodes"]),
        "packages": _packages.needed(model),
    }
