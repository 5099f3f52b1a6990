# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system that is on a disk already, and becomes the data of a new DRBD resource.

DRBD needs room for its metadata: at the end of the disk, or on a device of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.failover.cluster.plugins.module_utils import _disk, _drbd_size

from .._problems import Problem
from ._base import Found

MIB = 1 << 20


def judge(service: Mapping[str, Any], nodes: Sequence[str], found: Found) -> None:
    """Raise Problem if the file system of the preferred node cannot be kept."""
    storage, name, home = service["storage"], service["name"], service["preferred"]
    where, seen = f"{service['where']}.storage", found[home]["disks"][name]
    if seen["signature"] != storage["filesystem"]:
        raise Problem(
            f"{where}.keep: {storage['disk'][home]} of {home} holds"
            f" {seen['signature'] or 'no file system'}, not {storage['filesystem']}; leave keep out"
            " to make a new one on empty disks."
        )
    if not seen["filesystem"]:
        raise Problem(
            f"{where}.keep: the size of the file system on {storage['disk'][home]} of {home}"
            " cannot be told; is it whole?"
        )
    for node in nodes:
        _room(service, node, seen["filesystem"], found[node]["disks"][name]["size"])
        _metadata(service, node, found[node])


def _room(service: Mapping[str, Any], node: str, filesystem: int, disk: int) -> None:
    """DRBD shows the smaller of both disks: the file system has to fit on each."""
    storage, home = service["storage"], service["preferred"]
    metadata = storage["metadata"][node]
    lacks = filesystem - _drbd_size.usable(disk, metadata)
    if lacks <= 0:
        return
    inside = metadata == _drbd_size.INTERNAL
    needs = f", and DRBD's metadata at its end take {_drbd_size.needed(disk)}" if inside else ""
    cures = [f"make that disk larger by {lacks} bytes"]
    if inside and disk >= filesystem:
        least = _drbd_size.needed(disk)
        cures.append(f"name a device of at least {least} bytes under storage.metadata")
    if storage["filesystem"] == "ext4":
        cures.append("make the file system smaller (resize2fs)")
    raise Problem(
        f"{service['where']}.storage.keep: the file system on {storage['disk'][home]} of {home}"
        f" has {filesystem} bytes ({filesystem // MIB} MiB). {storage['disk'][node]} of {node} has"
        f" {disk}{needs}: {lacks} bytes are missing. {', or '.join(cures)[0].upper()}"
        f"{', or '.join(cures)[1:]}."
    )


def _metadata(service: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> None:
    """A device for metadata has to be there, free, empty, and large enough."""
    storage, name = service["storage"], service["name"]
    metadata = storage["metadata"][node]
    device = _drbd_size.device(metadata)
    if not device:
        return
    where = f"{service['where']}.storage.metadata: {device} on {node}"
    seen = info["metadata"][name]
    if not seen["block"]:
        raise Problem(f"{where} does not exist or is not a block device.")
    if seen["used"]:
        raise Problem(f"{where} is in use ({seen['used']}).")
    least = _drbd_size.place(metadata, info["disks"][name]["size"])
    if seen["size"] < least:
        raise Problem(f"{where} has {seen['size']} bytes; at least {least} are needed there.")
    content = _disk.content(seen)
    if content:
        raise Problem(
            f"{where} holds {content}; it is never overwritten. Empty it yourself (wipefs --all"
            f" {device}, blkdiscard or dd), or name another one."
        )
