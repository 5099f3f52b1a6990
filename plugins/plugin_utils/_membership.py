# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the cluster of a host in the inventory, never in the list of hosts of a play."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._values import Problem, name

VARIABLES = (
    "failover_name",
    "failover_group",
    "failover_engine",
    "failover_links",
    "failover_fencing",
    "failover_services",
    "failover_timing",
    "failover_ping_targets",
    "failover_monitors",
    "failover_notifications",
    "failover_power_on",
    "failover_sfex",
    "failover_unsafe",
    "failover_watchdog",
)

# Groups that tell nothing: those of every inventory, and those that the playbooks make.
NO_CLUSTERS = ("all", "ungrouped", "failover_nodes", "failover_others")


def has_cluster(variables: Mapping[str, Any]) -> bool:
    """Whether a host's variables describe a cluster at all."""
    return any(item in variables for item in ("failover_links", "failover_services"))


def find(
    host: str,
    variables: Mapping[str, Any],
    groups: Mapping[str, Sequence[str]],
) -> tuple[str, list[str]]:
    """Return the name of the host's cluster and its nodes in the order of the inventory.

    A cluster is a group. failover_group names it; else it is the group that is called like
    failover_name, else the only group of two hosts that the host is in. Raises Problem.
    """
    mine = {
        group: list(members)
        for group, members in groups.items()
        if group not in NO_CLUSTERS and host in members
    }
    wanted = variables.get("failover_group") or variables.get("failover_name")
    if variables.get("failover_group") and wanted not in mine:
        raise Problem(f"failover_group: {wanted} is not a group that {host} is in.")
    if wanted in mine:
        group = str(wanted)
    else:
        pairs = {g: m for g, m in mine.items() if len(m) == 2} or mine
        if len({tuple(sorted(members)) for members in pairs.values()}) != 1:
            raise Problem(
                f"failover_group: {host} is in the groups {', '.join(sorted(mine)) or 'none'};"
                " name the one that is the cluster."
            )
        if len(pairs) > 1 and not variables.get("failover_name"):
            raise Problem(
                f"failover_name: missing; {host} is in the groups {', '.join(sorted(pairs))},"
                " so the cluster needs a name."
            )
        group = sorted(pairs)[0]
    return name("failover_name", variables.get("failover_name") or group), mine[group]
