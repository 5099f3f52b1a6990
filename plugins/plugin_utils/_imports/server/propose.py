# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a cluster that a single server can become, and what has to be decided before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ... import _net
from .. import protection, services, units
from ..findings import Findings
from ..hosts import Host
from ..inventory import Inventory, judged, named
from ..inventory import address as one_form
from ..links import Links
from . import remarks

DISK, ADDRESS = "adopt_disk", "adopt_address"
ROOM = 1.5
"""How much more than the data a disk must hold."""
PATH = re.compile(r"(/[A-Za-z0-9_.+@-]+){2,}")
"""A file or directory below one of the host's own."""
DATA = re.compile(r"/var(/[A-Za-z0-9_.+@-]+){2,}")
"""A directory of the data of a single program."""
SMALLEST_MIB = 256
"""A disk on which a file system makes sense."""


def propose(hosts: Sequence[Host], cluster: str, findings: Findings) -> Inventory | None:
    """Return the inventory, None if nothing can become a service. cluster: its name, or ""."""
    if len(hosts) != 2:
        findings.add(
            "refused",
            "",
            f"{len(hosts)} {'host was' if len(hosts) == 1 else 'hosts were'} read"
            f" ({', '.join(host.name for host in hosts)}), but a cluster has two: the server, and a"
            " second one beside it.",
        )
        return None
    server, second = sorted(hosts, key=_weight, reverse=True)
    if not _weight(server):
        findings.add(
            "refused",
            "",
            f"neither {server.name} nor {second.name} runs a database, a site or a unit of its own,"
            " so there is nothing to take over.",
        )
        return None
    nodes = [server, second]
    links = Links(nodes, [])
    _networks(nodes, links, findings)
    name = named(cluster or server.name.partition(".")[0], (), "service")
    inventory = Inventory(cluster or name, nodes)
    applications = _applications(server, second, findings)
    service: dict[str, Any] = {
        "name": name,
        "preferred": server.name,
        "storage": _storage(name, nodes, links, inventory, findings),
        "addresses": [_address(server, links, inventory, findings)],
    }
    if applications:
        service["applications"] = services.chained(applications)
    if findings.refused:
        return None
    inventory.variables["failover_links"] = links.all()
    inventory.variables["failover_services"] = [service]
    gateway = one_form(str(_told(server).get("gateway", "")))
    if gateway and any(host.lan_of(gateway)[0] for host in nodes):
        inventory.variables["failover_ping_targets"] = [gateway]
    inventory.more = _moving(server, second, findings)
    remarks.tell(server, second, f"/srv/{name}", findings)
    protection.complete(inventory, nodes, False, "the second server", findings, cluster=False)
    judged(inventory, findings)
    return inventory


def _told(host: Host) -> Mapping[str, Any]:
    found = host.answer.get("server")
    return found if isinstance(found, Mapping) else {}


def _weight(host: Host) -> int:
    """How much a host runs: the one with more is the server."""
    told = _told(host)
    sites = [site for site in told.get("sites") or () if "sites-enabled" in site["file"]]
    databases = host.answer.get("postgresql") or ()
    return 3 * len(databases) + 2 * len(sites) + len(_own(host))


def _own(host: Host) -> list[str]:
    """Units that somebody wrote for this host, and that run."""
    running = host.answer.get("running") or ()
    return [str(unit) for unit in _told(host).get("own_units") or () if unit in running]


def _networks(nodes: Sequence[Host], links: Links, findings: Findings) -> None:
    first, second = nodes
    for interface, addresses in first.interfaces.items():
        for one in addresses:
            ip = _net.host(one)
            there = second.lan_of(ip)[0]
            if not _net.special(ip) and not _net.alone(one) and there:
                links.network({first.name: interface, second.name: there})
                break
    if not links.all():
        findings.add(
            "refused",
            "",
            f"{first.name} and {second.name} have no network in common. Connect them, with two"
            " cables at best, and look again.",
        )


def _applications(server: Host, second: Host, findings: Findings) -> list[dict[str, Any]]:
    """Databases first, then what somebody wrote, then the sites."""
    result: list[dict[str, Any]] = []
    clusters = server.answer.get("postgresql") or ()
    for one in clusters:
        unit = f"postgresql@{one['version']}-{one['name']}.service"
        if units.permitted(unit):
            result.append({"unit": unit})
    everywhere = second.answer.get("running") or ()
    for unit in _own(server):
        if unit in everywhere:
            findings.add(
                "decide",
                unit,
                "runs on both hosts, so it is taken for something that every host has. If it is"
                " part of the service, name it under applications.",
            )
        elif units.permitted(unit):
            result.append({"unit": unit})
    if any("sites-enabled" in site["file"] for site in _told(server).get("sites") or ()):
        result.append({"unit": "apache2.service"})
    for one in result:
        stem = str(one["unit"]).partition("@")[0].removesuffix(".service")
        if not second.unit(stem) and not second.unit(f"{stem}@"):
            findings.add(
                "note",
                second.name,
                f"has no unit {one['unit']}; adopt_move brings it there, with its package in the"
                f" version of {server.name} if it has one.",
            )
    return result


def _moving(server: Host, second: Host, findings: Findings) -> dict[str, Any]:
    """What the playbook adopt_move moves and copies besides databases and configuration."""
    told = _told(server)
    pages = [
        words[1].rstrip("/")
        for site in told.get("sites") or ()
        for words in site["directives"]
        if words[0] == "documentroot" and len(words) > 1
    ]
    files: list[str] = []
    for unit in _own(server):
        if unit in (second.answer.get("running") or ()):
            continue
        findings.add(
            "decide",
            unit,
            "may have data in directories that its file does not name; add them to"
            " adopt_directories, or they stay on the one host.",
        )
        for path in (told.get("named") or {}).get(unit) or ():
            above = str(path).rpartition("/")[0]
            # What changes while it runs lies below /var; what it consists of does not.
            (pages if DATA.fullmatch(above) else files).append(
                above if DATA.fullmatch(above) else str(path)
            )
    return {
        "adopt_directories": list(dict.fromkeys(str(p) for p in pages if PATH.fullmatch(p))),
        "adopt_files": list(dict.fromkeys(path for path in files if PATH.fullmatch(path))),
    }


def _storage(
    name: str, nodes: Sequence[Host], links: Links, inventory: Inventory, findings: Findings
) -> dict[str, Any]:
    server = nodes[0]
    data = sum((_told(server).get("sizes") or {}).values())
    least = max(int(ROOM * data), SMALLEST_MIB)
    free = {host.name: _free(host, least) for host in nodes}
    disk: Any = next(iter(free.values())) if len(set(free.values())) == 1 else free
    if not all(free.values()):
        disk = "{{ " + DISK + " }}"
        inventory.samples[DISK] = "/dev/disk/by-id/to-be-chosen"
        missing = " and ".join(host for host, found in free.items() if not found)
        findings.add(
            "decide",
            f"variable {DISK}",
            f"there is no empty disk of {least} MiB or more on {missing}, which the"
            f" replicated storage needs ({data} MiB of databases, and half as much again)."
            " Add one to each host, of the same size; a volume of LVM will do.",
        )
    known = links.names()
    replication = known[-1] if known else ""
    return {"type": "drbd", "disk": disk, "link": replication, "mount": f"/srv/{name}"}


def _free(host: Host, least: int) -> str:
    """The smallest empty disk that is large enough, "" for none."""
    disks = [d for d in _told(host).get("disks") or () if d["mib"] >= least]
    return str(min(disks, key=lambda one: one["mib"])["path"]) if disks else ""


def _address(server: Host, links: Links, inventory: Inventory, findings: Findings) -> str:
    """The address by which clients reach the service; nobody but the user knows a free one."""
    gateway = one_form(str(_told(server).get("gateway", "")))
    addresses = [one for of in server.interfaces.values() for one in of]
    near = [one for one in addresses if gateway and _net.inside(gateway, one)]
    lan = next((one for one in (near or addresses) if not _net.special(_net.host(one))), "")
    if lan:
        bits = lan.partition("/")[2]
        taken = {_net.host(one) for one in addresses} | {gateway}
        inventory.samples[ADDRESS] = f"{_free_address(lan, taken)}/{bits}"
        old = _net.host(lan)
        findings.add(
            "decide",
            f"variable {ADDRESS}",
            f"clients reach the service at an address that moves. It is either a new one of"
            f" {_net.network(lan)}, and the clients learn it; or the old one, {old}/{bits}, and"
            f" {server.name} gets another one for itself first.",
        )
    return "{{ " + ADDRESS + " }}"


def _free_address(lan: str, taken: set[str]) -> str:
    """Some address of the network that no host has, for the trial of the validation."""
    stem, _dot, _last = _net.host(lan).rpartition(".")
    numbers = (f"{stem}.{number}" for number in range(250, 1, -1))
    return next((a for a in numbers if a not in taken and _net.inside(a, lan)), _net.host(lan))
