# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the answers of the nodes."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _findings,
    _nodes,
    _takeover,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem, unexpected

SPEC = {
    "clock_s": {"type": "float", "default": 5.0},
    "free_mib": {"type": "int", "default": 256},
    "watchdog": {"type": "bool", "default": False},
    "repair": {"type": "bool", "default": False},
    "accounts": {"type": "dict", "default": {}},
    "renumber": {"type": "bool", "default": False},
    "remove": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Fails with one sentence, or returns what the nodes answered and what follows of it."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge all nodes of the cluster, also those that the play leaves out."""
        super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(argument_spec=SPEC)
        try:
            return self._judged(task_vars or {}, args)
        except Exception as error:
            return {"failed": True, "msg": unexpected(error)}

    def _judged(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        host = variables["inventory_hostname"]
        in_play = list(variables.get("ansible_play_hosts_all", [host]))
        try:
            found = answers(_model_of(variables), variables["hostvars"], host)
            model = _model_of(variables, found)
            warnings = _findings.judge(model, found, args, args["repair"])
            gone = _findings.gone(model, found, host, args["remove"])
            accounts = _findings.accounts(model, found, args["accounts"], args["renumber"])
        except Problem as problem:
            return {"failed": True, "msg": str(problem)}
        acting = _nodes.view(model, host, in_play)["acting"]
        return {
            "changed": False,
            "takeover": _takeover.sentences(model),
            "warnings": warnings if host == acting else [],
            "found": found,
            "accounts": accounts,
            "managed": any(info["running"] for info in found.values()),
            "opened": _findings.opened_nodes(model, found),
            "content": _findings.content_nodes(model, found),
            "gone": gone,
            "retired": _findings.retired(gone, found[host]),
            "stale": _findings.stale(model, found, host),
        }


def _model_of(variables: dict[str, Any], found: Any = None) -> dict[str, Any]:
    model = _nodes.model_of(variables, found)
    if model is None:
        raise Problem(f"{variables['inventory_hostname']}: is not in a cluster.")
    return model


def answers(model: dict[str, Any], hostvars: Any, host: str) -> dict[str, dict[str, Any]]:
    """Collect what each node answered, asked by itself or by delegation. Raises Problem."""
    collected: dict[str, dict[str, Any]] = {}
    reasons: dict[str, str] = {}
    for asker in [host, *(node for node in model["nodes"] if node != host)]:
        said = [(asker, hostvars[asker].get("prepare_answer") or {})]
        for result in (hostvars[asker].get("prepare_others") or {}).get("results", []):
            said.append((str(result.get("item")), result))
        for node, result in said:
            if "node" in result:
                collected.setdefault(node, {**result["node"], "offset": result["offset"]})
            elif result.get("msg"):
                reasons[node] = _reason(result)
    for node in model["nodes"]:
        if node not in collected:
            why = reasons.get(node, "it was not asked")
            raise Problem(
                f"{node} ({model['addresses'][node]}) cannot be examined, so nothing was changed"
                f" on any node: {why}"
            )
    return {node: collected[node] for node in model["nodes"]}


def _reason(result: Any) -> str:
    text = " ".join(str(result["msg"]).split())
    if result.get("unreachable"):
        # What comes before says only that it was tried.
        return text.rpartition("reached over ssh: ")[2]
    return f"it failed: {text}"
