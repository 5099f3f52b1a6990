# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that a cluster needs on each node. All are the distribution's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from . import _applications, _engines, _firewall, _page, _storage

BASE = ("iproute2", "kmod")
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
# Programs that agents call. The distribution only recommends them, or has the agent elsewhere.
BY_PROGRAM = {
    "fence-virt": ("virt", "xvm"),
    "ipmitool": ("idrac", "ilo3", "ilo4", "ilo5", "imm", "ipmilan", "ipmilanplus"),
    "multipath-tools": ("mpath",),
    "openssh-client": (
        *("alom", "apc", "bladecenter", "brocade", "cyberpower_ssh", "drac5", "hds_cb", "hpblade"),
        *("ilo3_ssh", "ilo4_ssh", "ilo5_ssh", "ilo_moonshot", "ilo_mp", "ilo_ssh", "ldom", "lpar"),
        *("raritan_px3", "rsa", "rsb", "vbox", "virsh", "vmware", "wti"),
    ),
    "sg3-utils": ("scsi",),
    "snmp": (
        *("apc_snmp", "cisco_mds", "eaton_snmp", "emerson", "ibmblade", "ifmib", "intelmodular"),
        *("ipdu", "lindypdu", "tripplite_snmp"),
    ),
    "telnet": ("apc", "bladecenter", "brocade", "cdu", "drac", "netio", "raritan", "sanbox2"),
}
ELSEWHERE = ("fence-virt",)
"""Packages that hold the agent itself, without the library of the others."""
RESTARTER = "etc/needrestart/conf.d/failover.conf"
"""What a program reads that restarts units whose libraries were upgraded, if a node has it."""
BY_FILESYSTEM = {"ext4": ("e2fsprogs",), "xfs": ("xfsprogs",)}


def needed(model: Mapping[str, Any]) -> list[str]:
    """Return the names of the packages, sorted."""
    names = {*BASE, *_engines.of(model).packages(model)}
    if model["page"] is not None:
        names.update(_page.PACKAGES)
    if model["firewall"]:
        names.update(_firewall.PACKAGES)
    for method in model["fencing"]:
        if method["agent"]:
            names.update(for_agent(method["agent"]))
    for service in model["services"]:
        names.update(BY_FILESYSTEM.get(service["storage"].get("filesystem", ""), ()))
        names.update(_storage.of(service).needs)
    for kind, _where, _service, application in _applications.each(model["services"]):
        names.update(kind.packages(application))
    return sorted(names)


def for_agent(agent: str) -> list[str]:
    """Return what a fence agent needs, as alternatives: the first one that a node's apt knows.

    An agent of somebody's own finds the library of the others there, before Debian 13 all of them.
    """
    short = agent.removeprefix("fence_")
    programs = [package for package, agents in BY_PROGRAM.items() if short in agents]
    if set(programs) & set(ELSEWHERE):
        return programs
    own = BY_AGENT.get(agent, short.replace("_", "-"))
    return [f"fence-agents-{own} | fence-agents-common | fence-agents", *programs]


def stock(model: Mapping[str, Any]) -> dict[str, str]:
    """Return the units that packages of the cluster bring along: the package of each."""
    result = dict(_engines.of(model).stock)
    for storage in _storage.used(model):
        result.update(storage.stock)
    for kind in _applications.used(model):
        result.update(kind.stock)
    return result


def settings(model: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return what is written before packages are installed: package -> path -> text."""
    applications = _applications.each(model["services"])
    units = {one["unit"] for _kind, _where, _service, one in applications if one.get("unit")}
    units.update(_engines.of(model).hooks.units)
    lines = [f"$nrconf{{override_rc}}{{qr(^{re.escape(unit)}$)}} = 0;\n" for unit in sorted(units)]
    head = (
        "# Written by failover.cluster; changes are overwritten.\n"
        "# Only the cluster restarts these: a restart by somebody else is a failure of a service.\n"
    )
    return {
        **{
            package: dict(files)
            for kind in _applications.KINDS.values()
            for package, files in kind.settings.items()
        },
        BASE[0]: {RESTARTER: head + "".join(lines)},
    }


def ours(stock_units: Mapping[str, str], installed: Collection[str]) -> list[str]:
    """Return the stock units that the cluster may stop and disable.

    installed: the packages that a run of the collection installed. A server that was there before
    is somebody's, and is never touched.
    """
    return [unit for unit, package in stock_units.items() if package in installed]
