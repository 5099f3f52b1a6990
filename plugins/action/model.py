# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the inventory of a cluster on the control host, before any node is contacted."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.failover.cluster.plugins.plugin_utils import _config, _nodes
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem


class ActionModule(ActionBase):
    """Returns the model of the host's cluster as facts."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Build the model; a wrong value is the message of the failed task."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _checked, args = self.validate_argument_spec(
            argument_spec={"secrets": {"type": "bool", "default": False}}
        )
        host = variables["inventory_hostname"]
        in_play = list(variables.get("ansible_play_hosts_all", [host]))
        try:
            model = _nodes.model_of(variables, variables.get("_failover_found"))
        except Problem as problem:
            return {"failed": True, "msg": str(problem)}
        if model is None:
            return {"changed": False, "msg": f"{host} is not in a cluster."}
        if args["secrets"]:
            return {"changed": False, **_secrets(model, host)}
        facts = {**_config.public(model), **_nodes.view(model, host, in_play)}
        return {"changed": False, "ansible_facts": {"_failover_model": facts}}


def _secrets(model: dict[str, Any], host: str) -> dict[str, Any]:
    passwords = {
        service["name"]: application["password"]
        for service in model["services"]
        for application in service["applications"]
        if "password" in application
    }
    return {
        "files": _config.secrets(model, model["fencing"], host),
        "passwords": passwords,
        # Each node asks the devices of the others, as it will when it must fence them.
        "devices": [
            {
                "where": method["where"],
                "agent": method["agent"],
                "node": node,
                "timeout_s": method["timeout_s"],
                "parameters": {**method["parameters"], **method["nodes"][node]},
            }
            for method in model["fencing"]
            for node in model["nodes"]
            if node != host and method["agent"]
        ],
    }
