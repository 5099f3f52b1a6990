# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service that a resource group becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import links as heartbeat_links
from .. import services, storage, text
from ..drbd import resources as drbd
from ..hosts import Host
from ..inventory import named
from . import resources


def service(
    parts: resources.Parts,
    nodes: Sequence[Host],
    links: heartbeat_links.Links,
    volumes: Mapping[str, drbd.Resource],
    taken: Sequence[str],
) -> dict[str, Any] | None:
    """The service of one group, None if it cannot be described."""
    store = _stored(parts, nodes, links, volumes)
    mount = str(store["mount"]) if store else ""
    resources.programs(parts, mount)
    name = _name(parts, mount, taken)
    made: dict[str, Any] = {
        "name": name,
        "preferred": next(h.name for h in nodes if h.name.lower() == parts.group.node),
    }
    if store:
        made["storage"] = store
        services.mounted_at_boot(mount, nodes, parts.where, parts.findings)
    found = services.addresses(
        parts.addresses,
        nodes,
        links,
        str((store or {}).get("link", "")),
        parts.where,
        parts.findings,
    )
    if found:
        made["addresses"] = found
    if parts.applications:
        made["applications"] = services.chained(parts.applications)
    if not {"storage", "addresses", "applications"} & set(made):
        parts.tell("refused", "holds nothing that a service can have.")
        return None
    return made


def _name(parts: resources.Parts, mount: str, taken: Sequence[str]) -> str:
    """A service on DRBD is called like its resource, so that the resource goes on as it is."""
    if parts.resources:
        name = named(parts.resources[0], taken, "")
        if name != parts.resources[0]:
            parts.tell(
                "refused",
                f"the resource {text.shown(parts.resources[0])} has a name that no service can"
                " have. Rename it while it is down (the section, and its file), and import again.",
            )
        return name or "service"
    words = [
        one for one in (mount.rpartition("/")[2], *map(services.title, parts.applications)) if one
    ]
    return named(words[0] if words else "service", taken, "service")


def _stored(
    parts: resources.Parts,
    nodes: Sequence[Host],
    links: heartbeat_links.Links,
    volumes: Mapping[str, drbd.Resource],
) -> dict[str, Any] | None:
    """The storage of a group: at most one file system on one disk."""
    for device, _directory, _kind, _options in parts.disks:
        owner = next((v.name for v in volumes.values() if v.owns(device)), "")
        if owner and owner not in parts.resources:
            parts.resources.append(owner)
    if len(parts.resources) > 1 or len(parts.disks) > 1:
        parts.tell(
            "refused",
            f"has {max(len(parts.resources), len(parts.disks))} file systems or resources of DRBD"
            f" ({', '.join([*parts.resources, *(d[1] for d in parts.disks)])}); a service has one."
            " Make a group of each, or put the data on one file system.",
        )
        return None
    if parts.layers:
        parts.tell(
            "refused",
            f"{', '.join(parts.layers)} is activated before the file system is mounted, and a"
            " service mounts a disk, or a resource of DRBD, itself. Put DRBD on top of the volume"
            " or array instead of below it.",
        )
        return None
    if not parts.disks:
        if parts.resources:
            parts.tell(
                "refused",
                f"uses the resource {parts.resources[0]} without a file system; a service mounts"
                " one.",
            )
        return None
    device, directory, kind, options = parts.disks[0]
    filesystem = storage.filesystem(kind, parts.where, parts.findings)
    store: dict[str, Any] | None
    if parts.resources:
        resource = volumes.get(parts.resources[0])
        if resource is None:
            return None
        if not resource.owns(device):
            parts.tell(
                "refused",
                f"mounts {text.shown(device)}, which is not the device of the resource"
                f" {resource.name}.",
            )
        store = storage.drbd(resource, nodes, links, parts.where, parts.findings)
    elif device.startswith("/dev/drbd"):
        parts.tell(
            "refused", f"{text.shown(device)} belongs to no resource that DRBD's files describe."
        )
        return None
    else:
        store = _shared(parts, device)
    if store is None or filesystem is None:
        return None
    store["mount"] = directory
    store["filesystem"] = filesystem
    store["options"] = storage.options(options, parts.where, parts.findings)
    return store


def _shared(parts: resources.Parts, device: str) -> dict[str, Any]:
    parts.tell(
        "decide",
        f"{text.shown(device)} is taken for a disk that both nodes see. If each node has a disk of"
        " its own, it is no shared one. Name it by /dev/disk/by-id, and give failover_sfex a disk"
        " for locks (docs/fencing.md).",
    )
    parts.tell(
        "danger",
        f"nothing but Heartbeat kept both nodes from mounting {text.shown(device)} at once, which"
        " destroys the file system.",
    )
    return {"type": "shared", "disk": device, "mmp": False}
