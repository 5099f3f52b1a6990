# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the inventory of a cluster on the control host, before any node is contacted."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _clusters,
    _engines,
    _nodes,
    _secrets,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem

SPEC = {
    "secrets": {"type": "bool", "default": False},
    "cluster": {"type": "str", "default": ""},
    "asked": {"type": "bool", "default": False},
    "members": {"type": "bool", "default": False},
    "adopting": {"type": "dict", "default": {}},
}


class ActionModule(Judging):
    """Returns the model of the host's cluster."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Build the model; everything that is wrong with the cluster is one message."""
        host = str(variables["inventory_hostname"])
        in_play = list(variables.get("ansible_play_hosts_all", [host]))
        own = _clusters.of_host(variables, host)
        if own is None:
            return {"changed": False, "msg": f"{host} is not in a cluster."}
        if args["cluster"] not in ("", own.name):
            # Another cluster was asked for: what is wrong with this one hinders nobody.
            return {"changed": False, "named": own.name, "msg": f"{own.name} was not named."}
        if args["members"]:
            return {"changed": False, "cluster": own.name, "group": own.group, "nodes": own.nodes}
        others = _clusters.others(variables, own)
        found = _nodes.answers(own, variables["hostvars"], host) if args["asked"] else None
        for service, node in args["adopting"].items() if found else ():
            found[node].setdefault("adopting", []).append(service)
        try:
            model = _nodes.checked(own, others, found)
        except Problem as problem:
            return {"failed": True, "msg": _told_once(own, host, in_play, problem)}
        if args["secrets"]:
            return {
                "changed": False,
                "model": model,
                "passwords": {
                    name: value for name, value in _nodes.secrets(model).items() if value
                },
                "devices": _secrets.devices(model, host),
            }
        view = _nodes.view(model, host, in_play)
        first = host == view["acting"] and found is None
        return {
            **_secrets.public(model),
            **view,
            **({"found": found} if found is not None else {}),
            "named": own.name,
            "changed": False,
            "warnings": _engines.of(model).notes(model) if first else [],
        }


def _told_once(own: _clusters.Cluster, host: str, in_play: list[str], problem: Problem) -> str:
    """All sentences at the first node of the play; the others of the cluster point to it."""
    first = next((node for node in own.nodes if node in in_play), host)
    if host != first:
        return f"cluster {own.name} is refused; what is wrong with it is told for {first}."
    return str(problem)
