# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage of a proposed service: a resource of DRBD, or a disk that both nodes see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.failover.cluster.plugins.module_utils._drbd_size import INTERNAL

from .._inventory.storage import NO_OPTIONS
from .._storage.drbd import METADATA
from .drbd.resources import Resource, Side
from .findings import Findings
from .hosts import Host
from .links import Links, folded

MINORS = range(256)
PORTS = range(1024, 65536)
AS_EXT4 = ("ext2", "ext3", "ext4")
"""File systems that the kernel mounts with its driver ext4."""
TAKEN = (*AS_EXT4, "xfs")


def drbd(
    resource: Resource, hosts: Sequence[Host], links: Links, where: str, findings: Findings
) -> dict[str, Any] | None:
    """Return the keys of a storage on DRBD, None if they cannot describe the resource."""
    place = f"{resource.file}: resource {resource.name}"
    if not _fits(resource, hosts, place, findings):
        return None
    sides = {host.name: _side(resource, host) for host in hosts}
    addresses = {name: side.address for name, side in sides.items()}
    interfaces = {host.name: host.interface_of(addresses[host.name]) for host in hosts}
    if not all(interfaces.values()):
        missing = ", ".join(f"{addresses[n]} on {n}" for n, i in interfaces.items() if not i)
        findings.add(
            "refused",
            place,
            f"no interface has the address that DRBD uses ({missing}). Bring the replication link"
            " up, or correct the resource, and import again.",
        )
        return None
    known = links.names()
    link = links.network(interfaces, addresses)
    if link not in known:
        findings.add(
            "changed",
            place,
            f"the replication link {link} becomes a heartbeat link as well. It is one cable more"
            " over which the nodes hear each other.",
        )
    _judge(resource, place, findings)
    first = next(iter(sides.values()))
    store = {
        "type": "drbd",
        "disk": folded({name: side.disk for name, side in sides.items()}),
        "link": link,
        "minor": first.minor,
        "port": first.port,
        "adopt": True,
    }
    metadata = folded({name: side.metadata for name, side in sides.items()})
    return store if metadata == INTERNAL else {**store, "metadata": metadata}


def _side(resource: Resource, host: Host) -> Side:
    side = resource.side(host.name)
    if side is None:
        raise LookupError(host.name)
    return side


def _fits(resource: Resource, hosts: Sequence[Host], place: str, findings: Findings) -> bool:
    """Whether the inventory has words for the resource; what it has none for is told."""
    before = len(findings.of("refused"))

    def refuse(text: str) -> None:
        findings.add("refused", place, text)

    if resource.stacked:
        refuse("is stacked on another resource, for a third host; a service has two nodes.")
    if resource.two_primaries:
        refuse(
            "allows two primaries, so both nodes may write at once. Only a cluster file system"
            " survives that, and this collection has none. Take allow-two-primaries out, and let"
            " one node be Primary."
        )
    if resource.volumes > 1:
        refuse(f"has {resource.volumes} volumes; a service has one. Make a resource of each.")
    for host in hosts:
        side = resource.side(host.name)
        if side is None:
            refuse(
                f"has no section for {host.name}; it names"
                f" {', '.join(s.host for s in resource.sides) or 'no host'}."
            )
            return False
        if side.minor not in MINORS:
            refuse(f"has no minor from 0 to 255 on {host.name}.")
        if side.port not in PORTS:
            refuse(f"has no TCP port from 1024 to 65535 on {host.name}.")
        if not side.disk.startswith("/dev/"):
            refuse(f"has no disk below /dev on {host.name}.")
        if not METADATA.fullmatch(side.metadata):
            refuse(f"keeps its metadata on {side.metadata} of {host.name}, which is no device.")
    if len(resource.sides) > len(hosts):
        refuse(f"has {len(resource.sides)} hosts; a service has two.")
    ids = [_side(resource, host).node_id for host in hosts]
    if any(number not in (None, index) for index, number in enumerate(ids)):
        refuse(
            f"has the node ids {' and '.join(map(str, ids))} for"
            f" {' and '.join(host.name for host in hosts)}, which stand in its metadata; the role"
            " drbd gives 0 to the first node and 1 to the second. Recreate it with these."
        )
    for key in ("minor", "port"):
        values = {getattr(_side(resource, host), key) for host in hosts}
        if len(values) > 1:
            refuse(f"has another {key} on each host; both nodes need the same.")
    return len(findings.of("refused")) == before


def _judge(resource: Resource, place: str, findings: Findings) -> None:
    """Tell what was dangerous in it, and what becomes different."""
    if resource.protocol.upper() != "C":
        findings.add(
            "danger",
            place,
            f"replicates by protocol {resource.protocol}: a write that a client saw acknowledged"
            " may be lost with its node. The new cluster uses protocol C.",
        )
    if resource.fencing != "resource-and-stonith":
        findings.add(
            "danger",
            place,
            f"has fencing {resource.fencing}: when the replication link breaks, both nodes may go"
            " on with copies that differ. The new cluster uses resource-and-stonith.",
        )
    if resource.automatic:
        findings.add(
            "danger",
            place,
            "discards data by itself after a split brain"
            f" ({', '.join(sorted(set(resource.automatic)))}). The new cluster leaves that to you.",
        )
    if resource.file == "/etc/drbd.conf":
        findings.add(
            "decide",
            place,
            "stands in /etc/drbd.conf itself. Move it, as it is, into"
            f" /etc/drbd.d/{resource.name}.res on both nodes before you run site.yml, and let"
            " /etc/drbd.conf include drbd.d/global_common.conf and drbd.d/*.res.",
        )
    elif resource.file != f"/etc/drbd.d/{resource.name}.res":
        findings.add(
            "decide",
            place,
            f"stands in a file of another name. Rename it to /etc/drbd.d/{resource.name}.res on"
            " both nodes before you run site.yml; a file with several resources has to be split.",
        )


def filesystem(kind: str, where: str, findings: Findings) -> str | None:
    """Return the file system as a storage names it, None if it has no word for it."""
    if kind in ("", "auto"):
        findings.add(
            "decide",
            where,
            "does not name its file system. The proposal says ext4; write xfs if it is that.",
        )
        return "ext4"
    if kind not in TAKEN:
        findings.add(
            "refused",
            where,
            f"has the file system {kind}; a service takes ext4 (which mounts ext2 and ext3 as well)"
            " and xfs.",
        )
        return None
    if kind in AS_EXT4 and kind != "ext4":
        findings.add(
            "changed", where, f"the file system {kind} is mounted by the driver ext4, as it is."
        )
    return "ext4" if kind in AS_EXT4 else kind


def options(given: str, where: str, findings: Findings) -> str:
    """Return mount options without those that a storage does not take."""
    words = [word for word in given.split(",") if word]
    kept = [word for word in words if word not in NO_OPTIONS]
    dropped = [word for word in words if word not in kept]
    if dropped:
        findings.add(
            "note", where, f"the mount options {', '.join(dropped)} mean nothing to a cluster."
        )
    return ",".join(kept) or "defaults"
