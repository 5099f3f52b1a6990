# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the variables of a cluster's nodes out of the inventory, whoever is in the play."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import _across, _applications, _clusters, _engines, _model, _packages, _storage
from ._inventory import agents
from ._problems import Problem


def checked(
    own: _clusters.Cluster,
    others: Sequence[_clusters.Cluster],
    found: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the model of a cluster beside the others of the inventory. Raises Problem."""
    model, problems = _model.read(own.name, own.nodes, own.variables, found, own.group)
    for sentence in own.problems:
        problems.add(sentence)
    beside = [(o, _model.read(o.name, o.nodes, o.variables, None, o.group)[0]) for o in others]
    _across.check(own, model, beside, problems)
    return _model.finished(model, problems)


def view(model: Mapping[str, Any], host: str, in_play: list[str]) -> dict[str, Any]:
    """Return what a host needs to know of its own place in the cluster."""
    nodes = model["nodes"]
    return {
        "node": host,
        # This node works for the cluster where one node must: the first that is in the play.
        "acting": next((node for node in nodes if node in in_play), host),
        # Nodes that a limit left out are asked by delegation, so that a cluster never shrinks.
        "ask": [host, *(node for node in nodes if node not in in_play)],
        "others": [node for node in nodes if node not in in_play],
        "questions": {node: questions(model, node) for node in nodes},
        "roles": {
            "storage": [kind.role for kind in _storage.KINDS.values() if kind.role],
            "applications": [kind.role for kind in _applications.used(model) if kind.role],
        },
        "kept": [unit for kind in _storage.used(model) for unit in kind.kept],
        "secrets": [
            *_engines.of(model).secrets,
            *(name for s in model["services"] for name in _storage.of(s).secrets(s)),
            *secrets(model),
        ],
        "settings": _packages.settings(model),
    }


def secrets(model: Mapping[str, Any]) -> dict[str, str]:
    """Return name and value of each secret of the applications; "" for one to be generated."""
    return {
        name: application.get(key, "")
        for kind, _where, service, application in _applications.each(model["services"])
        for name, key in kind.secrets(service, application).items()
    }


def questions(model: Mapping[str, Any], node: str) -> dict[str, Any]:
    """Return the arguments of node_info for a node."""
    each = list(_applications.each(model["services"]))
    programs = [path for kind, _at, _of, one in each for path in kind.programs(one)]
    # No package of the distribution brings an agent of somebody's own.
    strange = {method["agent"] for method in model["fencing"]} - agents.KNOWN - {""}
    programs += [f"/usr/sbin/{agent}" for agent in sorted(strange)]
    return {
        "services": [
            {
                "name": s["name"],
                "disk": s["storage"]["disk"][node],
                "mount": s["storage"]["mount"],
                **_storage.of(s).asked(s["storage"], node),
            }
            for s in model["services"]
            if s["storage"]["mount"] and node in s["storage"]["nodes"]
        ],
        "lock_disk": model["sfex"]["disk"][node] if model["sfex"] else "",
        "watchdog": {key: (model["watchdog"] or {}).get(key, "") for key in ("device", "module")},
        "accounts": [name for kind in _applications.used(model) for name in kind.accounts],
        "units": [one["unit"] for kind, _at, _of, one in each if kind.made_by != "daemon"],
        "texts": {
            path: pattern
            for kind, _at, service, one in each
            for path, pattern in kind.texts(service, one).items()
        },
        "stock_units": _packages.stock(model),
        "programs": programs,
        "configurations": [
            value
            for _kind, _at, _of, one in each
            for value in one.get("parameters", {}).values()
            if str(value).startswith("/etc/")
        ],
        "serial": [link["device"][node] for link in model["links"] if link["type"] == "serial"],
        "names": list(model["nodes"]),
        "packages": _packages.needed(model),
    }


def answers(own: _clusters.Cluster, hostvars: Any, host: str) -> dict[str, dict[str, Any]]:
    """Collect what each node answered to node_info, asked by itself or by delegation.

    A play registers the answer as prepare_answer, and the delegated ones as prepare_others.
    Raises Problem.
    """
    collected: dict[str, dict[str, Any]] = {}
    reasons: dict[str, str] = {}
    for asker in [host, *(node for node in own.nodes if node != host)]:
        said = [(asker, hostvars[asker].get("prepare_answer") or {})]
        for result in (hostvars[asker].get("prepare_others") or {}).get("results", []):
            said.append((str(result.get("item")), result))
        for node, result in said:
            if "node" in result:
                collected.setdefault(node, {**result["node"], "offset": result["offset"]})
            elif result.get("msg"):
                reasons[node] = _reason(result)
    for node in own.nodes:
        if node not in collected:
            why = reasons.get(node, "it was not asked")
            address = own.variables[node].get("ansible_host", node)
            raise Problem(
                f"{node} ({address}) cannot be examined, so nothing was changed on any node: {why}"
            )
    return {node: collected[node] for node in own.nodes}


def _reason(result: Any) -> str:
    text = " ".join(str(result["msg"]).split())
    if result.get("unreachable"):
        # What comes before says only that it was tried.
        return text.rpartition("reached over ssh: ")[2]
    return f"it failed: {text}"
