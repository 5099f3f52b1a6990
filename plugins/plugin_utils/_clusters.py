# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the variables of a cluster's nodes out of the inventory, whoever is in the play."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import _membership
from ._inventory.reading import WRONG
from ._inventory.specification import VARIABLES
from ._problems import Hidden, Problem

CONNECTION = ("ansible_host", "ansible_port")
OTHERS = ("failover_hosts",)
"""Variables of the playbooks, which belong to no cluster."""
EXPRESSION = re.compile(r"\{\{-?\s*([A-Za-z_][A-Za-z0-9_]*)")
LOOKUP = re.compile(r"lookup plugin '?([a-z][a-z0-9_.]*)", re.IGNORECASE)
UNDEFINED = re.compile(r"'([A-Za-z_][A-Za-z0-9_]*)' is undefined")


@dataclass(frozen=True)
class Cluster:
    """The variables of a cluster's nodes, and what could not be read of them."""

    name: str
    group: str
    nodes: list[str]
    variables: Mapping[str, Mapping[str, Any]]
    problems: list[str] = field(default_factory=list)


def of_host(task_vars: Mapping[str, Any], host: str) -> Cluster | None:
    """Return the cluster of a host, None if it has none. Raises Problem if that is not clear."""
    hostvars = task_vars["hostvars"]
    if not _membership.has_cluster(hostvars[host]):
        return None
    problems: list[str] = []
    own = _variables(host, hostvars, problems)
    groups = task_vars["groups"]
    name, group, nodes = _found(host, own, hostvars, groups)
    variables = {host: own}
    for node in nodes:
        if node != host:
            variables[node] = _variables(node, hostvars, problems)
            problems += _elsewhere(node, variables[node], group, hostvars, groups)
    return Cluster(name, group, nodes, {node: variables[node] for node in nodes}, problems)


def _found(
    host: str, own: Mapping[str, Any], hostvars: Any, groups: Mapping[str, Sequence[str]]
) -> tuple[str, str, list[str]]:
    readable = {key: value for key, value in own.items() if value is not WRONG}
    return _membership.find(host, readable, groups, _describing(hostvars, groups, host))


def _elsewhere(
    node: str,
    own: Mapping[str, Any],
    group: str,
    hostvars: Any,
    groups: Mapping[str, Sequence[str]],
) -> list[str]:
    """What is wrong if a node of the group is not sure to belong to it."""
    try:
        other = _found(node, own, hostvars, groups)[1]
    except Problem as problem:
        return [str(problem)]
    if groups[other] == groups[group]:
        return []
    return [
        f"failover_group: {node} is in the group {group}, but by its variables its cluster is the"
        f" group {other}; say which one is meant."
    ]


def others(task_vars: Mapping[str, Any], own: Cluster) -> list[Cluster]:
    """Return the other clusters of the inventory, as far as they can be read."""
    result: dict[str, Cluster] = {}
    seen = set(own.nodes)
    for host in task_vars["hostvars"]:
        if host in seen:
            continue
        try:
            cluster = of_host(task_vars, str(host))
        except Problem:
            continue  # That host's own task tells.
        if cluster is not None and cluster.group != own.group:
            seen.update(cluster.nodes)
            result.setdefault(cluster.group, cluster)
    return list(result.values())


def _describing(
    hostvars: Any, groups: Mapping[str, Sequence[str]], host: str
) -> dict[str, set[str]]:
    """For each group of a host what it defines of a cluster; nothing if nobody can tell."""
    inventory = getattr(hostvars, "_inventory", None)
    if inventory is None:
        return {}
    mine = [inventory.groups[g] for g in groups if g in inventory.groups and host in groups[g]]
    wanted = set(_membership.DESCRIBING)
    return {g.name: wanted & set(_vars_of(inventory, hostvars, g)) for g in mine}


def _vars_of(inventory: Any, hostvars: Any, group: Any) -> Mapping[str, Any]:
    """The variables that a group has in the inventory and in group_vars, unread."""
    result = dict(group.vars)
    try:
        from ansible.vars.plugins import get_vars_from_inventory_sources

        for stage in ("inventory", "task"):
            sources = inventory._sources
            loader = hostvars._loader
            result.update(get_vars_from_inventory_sources(loader, sources, [group], stage))
    except Exception:
        # Not ours to tell: without these files the group's own variables have to do.
        return result
    return result


def _variables(node: str, hostvars: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    source = hostvars[node]
    result: dict[str, Any] = {}
    for key in source:
        name = str(key)
        if name in CONNECTION or name in VARIABLES:
            try:
                result[name] = plain(source[key])
                _resolved(result[name], source)
            except Exception as error:
                # Whatever the template engine raises may quote a value: only names are told.
                problems.append(f"{name}: cannot be evaluated for {node}: {_reason(error)}.")
                result[name] = WRONG
        elif name.startswith("failover_") and name not in OTHERS:
            result[name] = None  # Unknown; its value is nobody's business.
    return result


def _resolved(value: Any, known: Mapping[str, Any]) -> None:
    """Raise KeyError if ansible-core before 2.19 left a template because a name is undefined."""
    if isinstance(value, Mapping):
        for item in value.values():
            _resolved(item, known)
    elif isinstance(value, list):
        for item in value:
            _resolved(item, known)
    elif isinstance(value, str) and "{{" in value:
        name = EXPRESSION.search(value)
        undefined = name is not None and name[1] not in known
        raise KeyError(f"'{name[1]}' is undefined" if name and undefined else "")


def _reason(error: BaseException) -> str:
    """Why a template fails, without anything that it was given."""
    texts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(texts) < 10:
        texts.append(str(seen))
        seen = seen.__cause__ or seen.__context__
    names = UNDEFINED.search(" ".join(texts))
    if names:
        return f"{names[1]} is undefined"
    lookup = LOOKUP.search(" ".join(texts))
    if lookup:
        return f"the lookup {lookup[1]} fails"
    if any("vault" in text.lower() and "decrypt" in text.lower() for text in texts):
        return "a value cannot be decrypted; give the right vault password"
    return "its template fails, or a value in it cannot be read"


def plain(value: Any) -> Any:
    """Return the value in types of Python alone; what comes out of a vault is marked (H7)."""
    if isinstance(value, Mapping):
        return {plain_key(key): plain(item) for key, item in value.items()}
    if is_vault(value):
        return Hidden(value)
    if isinstance(value, str):
        return "".join(value)
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        return [plain(item) for item in value]
    return value


def plain_key(key: Any) -> Any:
    """Return a key as a text; what is none stays, to be refused."""
    return "".join(key) if isinstance(key, str) else key


def is_vault(value: Any) -> bool:
    """Whether a value is an inline vault that is decrypted on its way to a text (H7)."""
    return type(value).__name__ in ("AnsibleVaultEncryptedUnicode", "EncryptedString")
