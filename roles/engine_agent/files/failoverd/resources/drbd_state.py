# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the state of DRBD devices: /proc/drbd of 8.4, status --json of 9."""

from __future__ import annotations

import re
from typing import Any

from failoverd.core.events import Disk
from failoverd.formats.strictjson import JsonError, loads

PROC = "/proc/drbd"
MINOR = re.compile(r"^\s*(\d+): cs:(\S+) ro:(\w+)/(\w+) ds:(\w+)/(\w+)\s+(?:[ABC]\s+)?(\S+)")
"""Without a connection the letter of the protocol is missing."""
BEHIND = re.compile(r"\boos:(\d+)")
UNKNOWN = {"DUnknown": "Unknown"}


def parse_proc(text: str) -> dict[int, Disk]:
    """The devices by minor. Unconfigured devices and unknown lines are left out.

    After the letter of the protocol follow the flags: r or s for running or suspended I/O, then one
    letter for each reason of the suspension.
    """
    devices: dict[int, Disk] = {}
    for line in text.splitlines():
        match = MINOR.match(line)
        if match is None:
            continue
        minor, connection, role, peer_role, disk, peer_disk, flags = match.groups()
        devices[int(minor)] = Disk(
            role=role,
            disk=UNKNOWN.get(disk, disk),
            peer_role=peer_role,
            peer_disk=UNKNOWN.get(peer_disk, peer_disk),
            connection=connection,
            suspended=flags.startswith("s"),
        )
    return devices


def behind_proc(text: str) -> dict[int, int]:
    """By minor, how many bytes the two copies differ in. The counters follow the state's line."""
    result: dict[int, int] = {}
    minor = -1
    for line in text.splitlines():
        state = MINOR.match(line)
        counters = BEHIND.search(line)
        if state is not None:
            minor = int(state[1])
        elif counters is not None and minor >= 0:
            result[minor] = int(counters[1]) * 1024
    return result


def parse_json(text: str, resource: str) -> Disk | None:
    """The first volume of a resource of DRBD 9, None if there is none."""
    try:
        entry = _entry(text, resource)
        return None if entry is None else _from_nine(entry)
    except (JsonError, LookupError, TypeError, AttributeError):
        return None


def behind_json(text: str, resource: str) -> int | None:
    """How many bytes the two copies of the first volume differ in, None if that is not told."""
    try:
        entry = _entry(text, resource)
        kib = None if entry is None else _peer_device(entry).get("out-of-sync")
        return None if kib is None else int(kib) * 1024
    except (JsonError, LookupError, TypeError, AttributeError, ValueError):
        return None


def _entry(text: str, resource: str) -> dict[str, Any] | None:
    entries = loads(text)
    for entry in entries if isinstance(entries, list) else []:
        if entry.get("name") == resource:
            return dict(entry)
    return None


def _peer_device(entry: dict[str, Any]) -> dict[str, Any]:
    connection = (entry.get("connections") or [{}])[0]
    return dict((connection.get("peer_devices") or [{}])[0])


def _from_nine(entry: dict[str, Any]) -> Disk:
    device = (entry.get("devices") or [{}])[0]
    connection = (entry.get("connections") or [{}])[0]
    peer_device = _peer_device(entry)
    state = connection.get("connection-state", "Unknown")
    replication = peer_device.get("replication-state", "")
    if state == "Connected" and replication not in ("", "Off", "Established"):
        state = replication
    peer_disk = peer_device.get("peer-disk-state", "Unknown")
    return Disk(
        role=entry.get("role", "Unknown"),
        disk=device.get("disk-state", "Unknown"),
        peer_role=connection.get("peer-role", "Unknown"),
        peer_disk=UNKNOWN.get(peer_disk, peer_disk),
        connection=state,
        suspended=bool(entry.get("suspended", False)),
    )
