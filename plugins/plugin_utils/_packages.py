# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that a cluster needs on each node. All are the distribution's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BASE = ("iproute2", "kmod", "python3-dbus-fast", "python3-pyroute2")
# Debian has a package for each fence agent since 13, named after it except for these.
AGENTS_OF = {
    "apc-snmp": ("tripplite_snmp",),
    "compute": ("evacuate",),
    "eps": ("epsr2",),
    "ilo-ssh": ("ilo3_ssh", "ilo4_ssh", "ilo5_ssh"),
    "ilo2": ("ilo",),
    "ipmilan": ("idrac", "ilo3", "ilo4", "ilo5", "imm", "ipmilanplus"),
    "lindy-pdu": ("lindypdu",),
}
BY_AGENT = {f"fence_{agent}": package for package, agents in AGENTS_OF.items() for agent in agents}
BY_FILESYSTEM = {"ext4": ("e2fsprogs",), "xfs": ("xfsprogs",)}
BY_KIND = {
    "postgresql": ("postgresql",),
    "apache": ("apache2", "libapache2-mod-wsgi-py3", "python3-psycopg2"),
}


def needed(model: Mapping[str, Any]) -> list[str]:
    """Return the names of the packages, sorted."""
    names = set(BASE)
    for method in model["fencing"]:
        if method["agent"]:
            names.update(for_agent(method["agent"]))
    for service in model["services"]:
        names.update(BY_FILESYSTEM[service["storage"]["filesystem"]])
        if service["storage"]["type"] == "drbd":
            names.add("drbd-utils")
        for application in service["applications"]:
            names.update(BY_KIND.get(application["kind"], ()))
            if application.get("agent", "").startswith("heartbeat:"):
                names.add("resource-agents")
    return sorted(names)


def for_agent(agent: str) -> list[str]:
    """Return what a fence agent needs, as alternatives: the first one that a node's apt knows.

    An agent of somebody's own finds the library of the others there, before Debian 13 all of them.
    """
    own = BY_AGENT.get(agent, agent.removeprefix("fence_").replace("_", "-"))
    names = [f"fence-agents-{own} | fence-agents-common | fence-agents"]
    return [*names, "ipmitool"] if own == "ipmilan" else names
