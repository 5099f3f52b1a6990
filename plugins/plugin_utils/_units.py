# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which systemd units a service may have: none of the system's own, and none of another service."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

from ._problems import refuse

SYSTEM = (
    "NetworkManager*",
    "acpid",
    "auditd",
    "autovt@*",
    "blk-availability",
    "chrony*",
    "console-*",
    "cron",
    "cryptdisks*",
    "dbus*",
    "dm-event",
    "drbd*",
    "emergency",
    "firewalld",
    "getty*",
    "ifup@*",
    "ifupdown-*",
    "init",
    "initrd-*",
    "iscsid",
    "keyboard-*",
    "kmod*",
    "lvm2-*",
    "mdadm*",
    "mdmonitor*",
    "modprobe@*",
    "multipath*",
    "networkd-dispatcher",
    "networking",
    "nftables",
    "ntp*",
    "open-iscsi",
    "openvswitch-switch",
    "polkit",
    "procps",
    "quotaon*",
    "rc-local",
    "rescue",
    "resolvconf",
    "rpcbind",
    "rsyslog",
    "serial-getty@*",
    "ssh",
    "ssh@*",
    "sshd*",
    "sudo",
    "sysctl*",
    "systemd-*",
    "udev*",
    "ufw",
    "unattended-upgrades",
    "user-runtime-dir@*",
    "user@*",
    "watchdog",
    "wd_keepalive",
    "wpa_supplicant*",
)
"""Units that every node needs for itself; on a standby a service's units are stopped."""


def permitted(where: str, unit: str, patterns: Sequence[str] = SYSTEM) -> None:
    """Refuse a unit of the system, or of other patterns, and a template without an instance."""
    stem = unit.removesuffix(".service")
    if any(fnmatch.fnmatchcase(stem, pattern) for pattern in patterns):
        refuse(
            where,
            unit,
            "belongs to the system, and a standby needs it as well; only what runs on one node at a"
            " time can be part of a service.",
        )
    if stem.endswith("@"):
        refuse(where, unit, f"is a template; name an instance of it, such as {stem}x.service.")


def unshared(services: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a unit of two services: it runs once on a node, and would go with neither."""
    owners: dict[str, str] = {}
    for service in services:
        for index, application in enumerate(service["applications"]):
            unit = application["unit"]
            if unit in owners:
                refuse(
                    f"{service['where']}.applications[{index}]",
                    unit,
                    f"is a unit of service {owners[unit]} already; give each service a unit of its"
                    f" own, such as an instance of a template (NAME@{service['name']}.service).",
                )
            owners[unit] = service["name"]


def unreserved(services: Sequence[Mapping[str, Any]], patterns: Sequence[str]) -> None:
    """Refuse units of engines as units of a service."""
    for service in services:
        for index, application in enumerate(service["applications"]):
            where = f"{service['where']}.applications[{index}].unit"
            permitted(where, application["unit"], patterns)
