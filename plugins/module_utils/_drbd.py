# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of DRBD as the kernel tells it: /proc/drbd of 8.4, drbdsetup's JSON of 9."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]

LINE = re.compile(
    r"^\s*(?P<minor>\d+): cs:(?P<cs>\S+)(?: ro:(?P<role>\w+)/(?P<peer_role>\w+)"
    r" ds:(?P<disk>\w+)/(?P<peer_disk>\w+))?"
)
NONE = {
    "connection": "Unconfigured",
    "role": "Unknown",
    "peer_role": "Unknown",
    "disk": "Diskless",
    "peer_disk": "DUnknown",
}


def read(resource: str, minor: int | None, run: Run, proc: str = "/proc") -> dict[str, str]:
    """Return connection, role, peer_role, disk and peer_disk of a resource.

    minor: that of its device, None while it has no configuration.
    """
    try:
        with open(f"{proc}/drbd", encoding="utf-8") as handle:
            text = handle.read()
    except FileNotFoundError:
        return dict(NONE)
    if text.startswith("version: 8."):
        return parse_proc(text, minor)
    code, out, _err = run(["drbdsetup", "status", "--json"])
    return parse_status(out if code == 0 else "[]", resource)


def parse_proc(text: str, minor: int | None) -> dict[str, str]:
    """Read one minor's line of DRBD 8.4's /proc/drbd."""
    for line in text.splitlines():
        match = LINE.match(line)
        if match and int(match["minor"]) == minor:
            state = dict(NONE, connection=match["cs"])
            for key in ("role", "peer_role", "disk", "peer_disk"):
                if match[key]:
                    state[key] = match[key]
            return state
    return dict(NONE)


def parse_status(text: str, resource: str) -> dict[str, str]:
    """Read one resource of DRBD 9's drbdsetup status --json (one volume, one peer)."""
    entries: list[dict[str, Any]] = json.loads(text)
    for entry in entries:
        if entry.get("name") != resource:
            continue
        state = dict(NONE, connection="StandAlone", role=entry.get("role", "Unknown"))
        for device in entry.get("devices", [])[:1]:
            state["disk"] = device.get("disk-state", "Diskless")
        for peer in entry.get("connections", [])[:1]:
            state["connection"] = peer.get("connection-state", "StandAlone")
            state["peer_role"] = peer.get("peer-role", "Unknown")
            for device in peer.get("peer_devices", [])[:1]:
                state["peer_disk"] = device.get("peer-disk-state", "DUnknown")
        return state
    return dict(NONE)


def used(
    files: Mapping[str, Mapping[str, Any]],
    run: Run,
    proc: str = "/proc",
) -> dict[str, dict[str, Any]]:
    """Return role and mount points of each resource that somebody else configured, by its name.

    files: those of _drbd_files.read(). One with several resources is left out.
    """
    result = {}
    for file in files.values():
        if file["ours"] or len(file["resources"]) != 1 or len(file["minors"]) != 1:
            continue
        (name,), (minor,) = file["resources"], file["minors"]
        role = read(name, minor, run, proc)["role"]
        result[name] = {"role": role, "mounts": mounts(f"/dev/drbd{minor}", proc)}
    return result


def mounts(device: str, proc: str = "/proc") -> list[str]:
    """Where a device is mounted, by whatever name it was called then."""
    with open(f"{proc}/self/mounts", encoding="utf-8", errors="replace") as handle:
        fields = [line.split()[:2] for line in handle if line.startswith("/")]
    return [target for source, target in fields if os.path.realpath(source) == device]


def configured(state: dict[str, str]) -> bool:
    """Whether the resource has a backing disk attached in the kernel."""
    return state["connection"] != "Unconfigured" and state["disk"] != "Diskless"


def linked(state: dict[str, str]) -> bool:
    """Whether the peer is there: Connected, or in a resync over a connection."""
    return state["connection"] not in (
        "Unconfigured",
        "StandAlone",
        "WFConnection",
        "WFReportParams",
        "Connecting",
        "Disconnecting",
        "Unconnected",
        "Timeout",
        "BrokenPipe",
        "NetworkFailure",
        "ProtocolError",
        "TearDown",
    )
