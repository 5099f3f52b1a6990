# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which systemd unit, or init script, stands for the name of a program on both hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import _units
from .._daemon import forms
from .._problems import Problem
from .hosts import Host

OTHERS: Mapping[str, Sequence[str]] = {
    "apache": ("apache2", "httpd"),
    "bind": ("named", "bind9"),
    "bind9": ("named",),
    "dhcp3-server": ("isc-dhcp-server",),
    "dhcpd": ("isc-dhcp-server",),
    "http": ("apache2", "httpd"),
    "httpd": ("apache2",),
    "mysql": ("mariadb",),
    "mysqld": ("mysql", "mariadb"),
    "named": ("bind9",),
    "nfs": ("nfs-kernel-server", "nfs-server"),
    "postgres": ("postgresql",),
    "samba": ("smbd",),
    "smb": ("smbd",),
    "squid3": ("squid",),
    "tomcat": ("tomcat9", "tomcat10"),
}
"""Name of a script -> other names of the same program."""


def application(name: str, mount: str, hosts: Sequence[Host]) -> dict[str, Any] | None:
    """Return the application that stands for a script, None if the hosts have none.

    mount: where the file system of the service is, "" without one.
    """
    stem = name.removesuffix(".service")
    for candidate in (stem, *OTHERS.get(stem, ())):
        if candidate == "postgresql":
            database = _database(mount, hosts)
            if database:
                return {"unit": database}
        if all(host.unit(candidate) for host in hosts) and permitted(f"{candidate}.service"):
            return {"unit": f"{candidate}.service"}
    for candidate in (stem, *OTHERS.get(stem, ())):
        if all(host.script(candidate) for host in hosts) and permitted(f"{candidate}.service"):
            return {"lsb": candidate}
    return None


def _database(mount: str, hosts: Sequence[Host]) -> str:
    """The unit of the PostgreSQL cluster whose data lie on the file system, "" if it is not clear.

    The unit postgresql.service only starts those of the clusters, and ends at once.
    """
    found = []
    for host in hosts:
        clusters = [c for c in host.answer.get("postgresql") or () if isinstance(c, Mapping)]
        inside = [c for c in clusters if mount and f"{c.get('data')}/".startswith(f"{mount}/")]
        chosen = inside or clusters
        if len(chosen) != 1:
            return ""
        found.append(f"postgresql@{chosen[0].get('version')}-{chosen[0].get('name')}.service")
    same = len(set(found)) == 1 and forms.UNIT.fullmatch(found[0]) is not None
    return found[0] if same else ""


def permitted(unit: str) -> bool:
    """Whether a unit may be part of a service."""
    try:
        _units.permitted("", unit)
    except Problem:
        return False
    return forms.UNIT.fullmatch(unit) is not None
