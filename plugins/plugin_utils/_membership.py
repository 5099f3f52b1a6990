# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the cluster of a host in the inventory, never in the list of hosts of a play."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ._inventory.reading import Scope
from ._inventory.specification import VARIABLES
from ._problems import Problem, Problems, kind_of

# Groups that tell nothing: those of every inventory, and those that the playbooks make.
NO_CLUSTERS = ("all", "ungrouped", "failover_nodes", "failover_others")
DESCRIBING = ("failover_links", "failover_services")


def has_cluster(variables: Mapping[str, Any]) -> bool:
    """Whether a host's variables describe a cluster at all."""
    return any(item in variables for item in DESCRIBING)


def find(
    host: str,
    variables: Mapping[str, Any],
    groups: Mapping[str, Sequence[str]],
    defined: Mapping[str, Collection[str]] | None = None,
) -> tuple[str, str, list[str]]:
    """Return the name of the host's cluster, its group, and its nodes in the inventory's order.

    A cluster is a group. failover_group names it; else it is the group that is called like
    failover_name, or the group that defines the services or the links (defined), or the only group
    of two hosts that the host is in. Raises Problem.
    """
    mine = {
        group: list(members)
        for group, members in groups.items()
        if group not in NO_CLUSTERS and host in members
    }
    group = _group(host, variables, mine, defined or {})
    named = variables.get("failover_name") or group
    cluster = VARIABLES["failover_name"].kind.read("failover_name", named, Scope((), Problems()))
    return str(cluster), group, mine[group]


def _group(
    host: str,
    variables: Mapping[str, Any],
    mine: Mapping[str, list[str]],
    defined: Mapping[str, Collection[str]],
) -> str:
    wanted = variables.get("failover_group")
    if wanted is not None:
        if not isinstance(wanted, str):
            raise Problem(f"failover_group: {kind_of(wanted)} is not the name of a group.")
        if wanted not in mine:
            known = ", ".join(sorted(mine)) or "none"
            raise Problem(f"failover_group: {host} is in no group of that name; it is in {known}.")
        return wanted
    name = variables.get("failover_name")
    if isinstance(name, str) and name in mine:
        return name
    for pairs in _candidates(mine, defined):
        if len({tuple(sorted(members)) for members in pairs.values()}) != 1:
            continue
        if len(pairs) > 1 and not name:
            raise Problem(
                f"failover_name: missing; {host} is in the groups {', '.join(sorted(pairs))},"
                " so the cluster needs a name."
            )
        return sorted(pairs)[0]
    raise Problem(
        f"failover_group: {host} is in the groups {', '.join(sorted(mine)) or 'none'};"
        " name the one that is the cluster."
    )


def _candidates(
    mine: Mapping[str, list[str]], defined: Mapping[str, Collection[str]]
) -> Iterator[Mapping[str, list[str]]]:
    """Groups that may be the cluster, the surest first: not one above or below the right one."""
    for variable in reversed(DESCRIBING):
        known = {group: mine[group] for group in mine if variable in defined.get(group, ())}
        if known:
            yield {group: m for group, m in known.items() if len(m) == 2} or known
    yield {group: m for group, m in mine.items() if len(m) == 2} or mine
