# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a cluster: storage, virtual addresses, applications."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import _applications, _net, _numbers, _units
from ._values import (
    Problem,
    flag,
    mapping,
    name,
    number,
    path,
    per_node,
    refuse,
    sequence,
    text,
    unique,
    whole,
)

FILESYSTEMS = ("ext4", "xfs")
STORAGE_KEYS = ("filesystem", "options", "minor", "port", "overwrite")
SHARED_KEYS = ("filesystem", "options", "mmp", "lock")
POLICY = ("restarts", "failure_expiry_s", "failback", "failback_delay_s")
FAILBACK = ("manual", "automatic")
FORBIDDEN_MOUNTS = (
    "/",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/proc",
    "/root",
    "/run",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/var",
)


def read(
    value: Any,
    nodes: Sequence[str],
    links: Sequence[Mapping[str, Any]],
    lock_disk: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the services; interfaces of addresses are chosen by place()."""
    where = "failover_services"
    services = [
        _service(f"{where}[{index}]", item, nodes, links, lock_disk)
        for index, item in enumerate(sequence(where, value))
    ]
    if not services:
        refuse(where, [], "is empty; a cluster needs at least one service.")
    unique(where, [service["name"] for service in services], "name")
    kept = [service for service in services if service["storage"]["type"] != "none"]
    unique(where, [s["storage"]["mount"] for s in kept], "storage.mount")
    _unshared(kept, nodes)
    _units.unshared(services)
    for service in services:
        if lock_disk is not None:
            _apart(service, lock_disk["disk"])
    return services


def _unshared(services: Sequence[Mapping[str, Any]], nodes: Sequence[str]) -> None:
    for one, other in itertools.combinations(services, 2):
        for node in nodes:
            disk = other["storage"]["disk"][node]
            if one["storage"]["disk"][node] == disk:
                refuse(
                    f"{other['where']}.storage.disk",
                    disk,
                    f"is already the disk of service {one['name']} on {node}.",
                )
        if other["storage"]["mount"].startswith(one["storage"]["mount"] + "/") or one["storage"][
            "mount"
        ].startswith(other["storage"]["mount"] + "/"):
            refuse(
                f"{other['where']}.storage.mount",
                other["storage"]["mount"],
                f"and {one['storage']['mount']} of service {one['name']} lie in each other.",
            )


def _apart(service: Mapping[str, Any], lock_disk: Mapping[str, str]) -> None:
    for node, disk in service["storage"]["disk"].items():
        if disk == lock_disk[node]:
            refuse(
                "failover_sfex.disk", disk, f"is the disk of service {service['name']} on {node}."
            )


def _service(
    where: str,
    raw: Any,
    nodes: Sequence[str],
    links: Sequence[Mapping[str, Any]],
    lock_disk: Mapping[str, Any] | None,
) -> dict[str, Any]:
    item = mapping(
        where,
        raw,
        required=("name",),
        optional=("preferred", "storage", "addresses", "applications", *POLICY),
    )
    called = name(f"{where}.name", item["name"])
    if called == "all":
        refuse(f"{where}.name", called, "means every resource to drbdadm; choose another name.")
    preferred = text(f"{where}.preferred", item.get("preferred", nodes[0]))
    if preferred not in nodes:
        refuse(f"{where}.preferred", preferred, f"is not a node; they are {', '.join(nodes)}.")
    service: dict[str, Any] = {
        "where": where,
        "name": called,
        "preferred": preferred,
        "storage": _storage(f"{where}.storage", item.get("storage"), nodes, links, lock_disk),
        "addresses": [
            _address(f"{where}.addresses[{i}]", a, nodes, links)
            for i, a in enumerate(sequence(f"{where}.addresses", item.get("addresses", [])))
        ],
        "applications": _applications.read(
            f"{where}.applications", item.get("applications", []), called
        ),
    }
    service.update(_policy(where, item))
    _whole(service)
    return service


def _whole(service: Mapping[str, Any]) -> None:
    """Refuse a service of nothing, and applications whose data would lie nowhere."""
    where = service["where"]
    if service["storage"]["type"] != "none":
        return
    if not service["addresses"] and not service["applications"]:
        raise Problem(f"{where}: has no storage, no address and no application; give it one.")
    for index, application in enumerate(service["applications"]):
        if application["kind"] in ("postgresql", "apache"):
            raise Problem(
                f"{where}.applications[{index}]: {application['kind']} keeps its files on the"
                " service's storage; give storage, or name a unit of your own instead."
            )


def _policy(where: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """When it leaves a node and when it comes home; what is not given is the daemon's default."""
    policy: dict[str, Any] = {}
    if "restarts" in item:
        policy["restarts"] = whole(f"{where}.restarts", item["restarts"], 0, 1000)
    if "failure_expiry_s" in item:
        field = f"{where}.failure_expiry_s"
        policy["failure_expiry_s"] = number(field, item["failure_expiry_s"], 1, 86400 * 30)
    if "failback" in item:
        policy["failback"] = text(f"{where}.failback", item["failback"], FAILBACK)
    if "failback_delay_s" in item:
        if policy.get("failback") != "automatic":
            raise Problem(f"{where}.failback_delay_s: means nothing without failback: automatic.")
        field = f"{where}.failback_delay_s"
        policy["failback_delay_s"] = number(field, item["failback_delay_s"], 0, 86400)
    return policy


def _storage(
    where: str,
    raw: Any,
    nodes: Sequence[str],
    links: Sequence[Mapping[str, Any]],
    lock_disk: Mapping[str, Any] | None,
) -> dict[str, Any]:
    if raw is None or (isinstance(raw, Mapping) and raw.get("type") == "none"):
        return _none(where, raw or {})
    if isinstance(raw, Mapping) and raw.get("type") == "shared":
        return _shared(where, raw, nodes, lock_disk)
    item = mapping(where, raw, required=("type", "disk", "link", "mount"), optional=STORAGE_KEYS)
    text(f"{where}.type", item["type"], ("drbd", "shared", "none"))
    disks = per_node(f"{where}.disk", item["disk"], nodes)
    link = text(f"{where}.link", item["link"])
    found = next((one for one in links if one["name"] == link), None)
    if found is None:
        known = ", ".join(one["name"] for one in links)
        refuse(f"{where}.link", link, f"is not a link of the cluster; they are {known}.")
    if found["type"] != "udp":
        refuse(f"{where}.link", link, "is a serial line; DRBD replicates over a network.")
    mount = _mount(f"{where}.mount", item["mount"])
    return {
        "type": "drbd",
        "disk": {n: _disk(f"{where}.disk", v) for n, v in disks.items()},
        "link": link,
        "mount": mount,
        "filesystem": text(f"{where}.filesystem", item.get("filesystem", "ext4"), FILESYSTEMS),
        "options": text(f"{where}.options", item.get("options", "noatime")),
        "minor": _number(f"{where}.minor", item.get("minor"), 0, _numbers.MINORS[-1]),
        "port": _number(f"{where}.port", item.get("port"), 1, 65535),
        "overwrite": flag(f"{where}.overwrite", item.get("overwrite", False)),
    }


def _none(where: str, raw: Any) -> dict[str, Any]:
    """Nothing that moves but addresses and programs, such as a proxy."""
    mapping(where, raw, optional=("type",))
    return {"type": "none", "disk": {}, "link": "", "mount": "", "overwrite": False}


def _mount(where: str, value: Any) -> str:
    mount = path(where, value)
    if mount in FORBIDDEN_MOUNTS:
        refuse(where, mount, "belongs to the system; choose a directory of its own.")
    if not re.fullmatch(r"[A-Za-z0-9/_.-]+", mount):
        refuse(where, mount, "holds other characters than letters, digits, / . _ -.")
    return mount


def _shared(
    where: str,
    raw: Any,
    nodes: Sequence[str],
    lock_disk: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """One disk that both nodes see. With failover_sfex it has a lock there."""
    item = mapping(where, raw, required=("type", "disk", "mount"), optional=SHARED_KEYS)
    disks = per_node(f"{where}.disk", item["disk"], nodes)
    if "lock" in item and lock_disk is None:
        raise Problem(f"{where}.lock: means nothing without failover_sfex.")
    lock = _number(f"{where}.lock", item.get("lock"), 1, _numbers.LOCKS[-1])
    filesystem = text(f"{where}.filesystem", item.get("filesystem", "ext4"), FILESYSTEMS)
    if "mmp" in item and filesystem != "ext4":
        raise Problem(f"{where}.mmp: {filesystem} has no multi-mount protection; ext4 has it.")
    return {
        "type": "shared",
        "disk": {n: _disk(f"{where}.disk", v) for n, v in disks.items()},
        "link": "",
        "mount": _mount(f"{where}.mount", item["mount"]),
        "filesystem": filesystem,
        "options": text(f"{where}.options", item.get("options", "noatime")),
        "mmp": flag(f"{where}.mmp", item.get("mmp", filesystem == "ext4")),
        **({"lock": lock} if lock_disk is not None else {}),
        # Nothing of a shared disk is ever overwritten.
        "overwrite": False,
    }


def _number(where: str, value: Any, low: int, high: int) -> int | None:
    """A number that the inventory need not give; see _numbers."""
    return None if value is None else whole(where, value, low, high)


def _disk(where: str, value: Any) -> str:
    disk = path(where, value)
    # A volume group may be called drbdpool.
    if not disk.startswith("/dev/") or re.match(r"/dev/drbd(\d+$|/|_)", disk):
        refuse(where, disk, "is not a backing device below /dev.")
    return disk


def _address(
    where: str, raw: Any, nodes: Sequence[str], links: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    if isinstance(raw, str):
        raw = {"address": raw}
    item = mapping(where, raw, required=("address",), optional=("link", "interface"))
    shown = text(where, item["address"])
    try:
        ip, edge = _net.host(shown), _net.reserved(shown)
    except ValueError:
        refuse(where, shown, "is not an address with a prefix such as 192.168.1.10/24.")
    if "/" not in shown:
        refuse(where, shown, "has no prefix; write it as 192.168.1.10/24.")
    if edge:
        refuse(where, shown, "is the network or the broadcast address itself.")
    address = {"where": where, "address": shown, "ip": ip, "link": "", "interface": {}}
    if "link" in item and "interface" in item:
        raise Problem(f"{where}: link and interface are both given; one says it all.")
    if "interface" in item:
        names = per_node(f"{where}.interface", item["interface"], nodes)
        address["interface"] = {n: text(f"{where}.interface", v) for n, v in names.items()}
    elif "link" in item:
        address["link"] = text(f"{where}.link", item["link"])
        if address["link"] not in [one["name"] for one in links if one["type"] == "udp"]:
            refuse(f"{where}.link", address["link"], "is not a network link of the cluster.")
    return address


def place(services: Sequence[dict[str, Any]], links: Sequence[Mapping[str, Any]]) -> None:
    """Give each virtual address the interface of its link and check that it lies in its LAN."""
    own = {
        address: f"{node} on link {link['name']}"
        for link in links
        if link["type"] == "udp"
        for node, address in link["address"].items()
    }
    taken: dict[str, str] = {}
    for service in services:
        for address in service["addresses"]:
            where, ip = address["where"], address["ip"]
            if ip in own:
                refuse(where, address["address"], f"is already the address of {own[ip]}.")
            if ip in taken:
                refuse(where, address["address"], f"is already an address of {taken[ip]}.")
            taken[ip] = f"service {service['name']}"
            if not address["interface"] or address["link"]:
                _on_link(address, service["storage"]["link"], links)


def _on_link(address: dict[str, Any], replication: str, links: Sequence[Mapping[str, Any]]) -> None:
    networks = [one for one in links if one["type"] == "udp"]
    if address["link"]:
        candidates = [one for one in networks if one["name"] == address["link"]]
    else:
        candidates = [one for one in networks if one["name"] != replication] or networks
    version = _net.version(address["ip"])
    known = [
        one for one in candidates if one["network"] and _net.version(one["network"]) == version
    ]
    fits = [one for one in known if _net.inside(address["ip"], one["network"])]
    if known and len(known) == len(candidates) and not fits:
        said = ", ".join(f"link {one['name']} ({one['network']})" for one in known)
        refuse(
            address["where"],
            address["address"],
            f"is not inside the subnet of {said}; a virtual address must lie in the LAN of its"
            " interface.",
        )
    if not fits:
        # The interface of the only candidate is right even while its network is not known.
        fits = candidates
    address["link"] = fits[0]["name"]
    address["interface"] = dict(fits[0]["interface"])
