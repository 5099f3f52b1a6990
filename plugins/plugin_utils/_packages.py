# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that a cluster needs on each node. All are the distribution's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BASE = ("iproute2", "kmod", "python3-dbus-fast", "python3-pyroute2")
BY_AGENT = {"fence_ipmilan": ("ipmitool",)}
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
            names.update(("fence-agents", *BY_AGENT.get(method["agent"], ())))
    for service in model["services"]:
        names.update(BY_FILESYSTEM[service["storage"]["filesystem"]])
        if service["storage"]["type"] == "drbd":
            names.add("drbd-utils")
        for application in service["applications"]:
            names.update(BY_KIND.get(application["kind"], ()))
            if application.get("agent", "").startswith("heartbeat:"):
                names.add("resource-agents")
    return sorted(names)
