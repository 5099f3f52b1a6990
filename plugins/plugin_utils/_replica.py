# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on the two copies of a service that runs: its plan, and what forbids it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.failover.cluster.plugins.module_utils import _drbd_device

from ._resync import size, span

Copies = Mapping[str, Mapping[str, Any]]
"""What drbd_info says of each node."""

RATE = 200 << 20
"""Bytes a second that DRBD compares or copies at most, by default."""
LEAST = 1 << 20
"""Bytes by which a disk has to have grown before it counts."""
MARGIN = 1 << 20
"""What DRBD may take from a disk for its metadata beside the bitmap."""
PER_BITMAP_BYTE = 4096 * 8
"""Bytes of a disk that one byte of the bitmap stands for."""


def plan(service: str, copies: Copies, work: str) -> dict[str, Any]:
    """Return lines, problems, the node where it is begun, and whether the device can grow.

    work: one of WORKS. Raises KeyError for another one.
    """
    nodes = sorted(copies)
    devices = {name: copies[name]["device"] for name in nodes}
    node = next((name for name in nodes if devices[name]["state"]["role"] == "Primary"), nodes[0])
    lines, problems = WORKS[work](service, devices, node)
    grows = all(room(device) >= LEAST for device in devices.values())
    return {"lines": lines, "problems": problems, "node": node, "grows": grows}


Devices = Mapping[str, Mapping[str, Any]]
Plan = tuple[list[str], list[str]]


def verify(service: str, devices: Devices, node: str) -> Plan:
    """The comparison of both copies."""
    device = devices[node]
    if device["state"]["connection"] in _drbd_device.VERIFYING:
        return [f"{service} is being verified already; this run waits for the end."], []
    count = device["bytes"]
    marked = size(device["behind"])
    lines = [
        f"1. DRBD compares both copies of {service} ({size(count)}) block by block; that takes"
        f" {span(count / RATE)} or longer.",
        f"2. {service} runs on; the expected downtime is 0 s. It may be slower.",
        "3. No data change. Blocks that differ are counted and marked in both kernels.",
    ]
    if device["behind"]:
        lines.append(f"{marked} are marked already, perhaps by an earlier verification.")
    return lines, list(apart(service, devices))


def grow(service: str, devices: Devices, node: str) -> Plan:
    """More room for the file system, on disks that have grown."""
    lines = [f"{service}: sizes now"]
    for name, device in devices.items():
        lines.append(
            f"{name}: {device['lower']} has {size(device['lower_bytes'])}, the device of DRBD"
            f" {size(device['bytes'])}."
        )
    problems = list(apart(service, devices))
    if devices[node]["state"]["role"] != "Primary" or not devices[node]["mounts"]:
        problems.append(
            f"service: {service} does not run; its file system grows where it is mounted."
        )
    gain = min(room(device) for device in devices.values())
    grown = [name for name, device in devices.items() if room(device) >= LEAST]
    if grown and len(grown) < len(devices):
        for name in devices:
            if name not in grown:
                problems.append(
                    f"{name}: {devices[name]['lower']} has not grown; grow the disk on each node"
                    " first."
                )
    if not grown:
        lines.append("The disks have not grown since. Only the file system is looked at.")
    if grown and not problems:
        lines += [
            f"1. The device of DRBD grows by about {size(gain)}.",
            f"2. DRBD copies the new part, which takes {span(gain / RATE)} or longer. Until then"
            " the standby cannot take over.",
            f"3. The file system of {service} grows on {node}.",
            f"{service} runs on; the expected downtime is 0 s. A disk never shrinks again.",
        ]
    return lines, problems


WORKS: dict[str, Callable[[str, Devices, str], Plan]] = {"verify": verify, "grow": grow}


def room(device: Mapping[str, Any]) -> int:
    """Bytes by which a device can grow, no more than there are; 0 for none.

    Metadata inside the disk take their part, so a disk outside which they lie may have more.
    """
    lower = int(device["lower_bytes"])
    metadata = lower // PER_BITMAP_BYTE + MARGIN
    return max(0, lower - metadata - int(device["bytes"]))


def apart(service: str, devices: Devices) -> Iterator[str]:
    """A sentence for each copy that is not connected and whole."""
    for name, device in devices.items():
        state = device["state"]
        good = state["connection"] == "Connected" and state["disk"] == "UpToDate"
        if not good:
            yield (
                f"service: the copy of {service} on {name} is {state['connection']} and"
                f" {state['disk']}; both must be Connected and UpToDate."
            )
