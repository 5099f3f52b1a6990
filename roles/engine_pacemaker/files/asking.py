# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks Pacemaker's, Corosync's and DRBD's own tools of a node for the status of the cluster.

Nothing here changes anything. It needs the rights of root or of the group haclient.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from ansible_collections.failover.cluster.plugins.module_utils._engines import (
    _pacemaker_ready,
    _pacemaker_screen,
    pacemaker,
)

from failoverd.control.client import NotRunning
from failoverd.resources import drbd_state, drbd_sync

ENGINE = pacemaker.ENGINE
LIMIT_S = 60.0
NOWHERE = "Pacemaker does not run on this node, or its cluster is not one of failover.cluster."
DEVICE = re.compile(r"/dev/drbd(\d+)")


@dataclass(frozen=True)
class Rest:
    """What only changes together with what crm_mon says, or takes longer to ask."""

    links: str = ""
    quorum: str = ""
    mounts: Mapping[str, str] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    excluding: Mapping[str, Sequence[str]] = field(default_factory=dict)


def run(argv: Sequence[str], limit_s: float = LIMIT_S) -> tuple[int, str, str]:
    """Run a tool of Pacemaker. Raises TimeoutError."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return done.returncode, done.stdout, done.stderr


def cluster() -> tuple[ET.Element, dict[str, Any]]:
    """What crm_mon says, and what the engine reads out of it. Raises NotRunning, TimeoutError."""
    found = ENGINE.asked(run)
    if found is None:
        raise NotRunning(NOWHERE)
    return found


def rest(status: Mapping[str, Any]) -> Rest:
    """What the other tools say. Raises TimeoutError."""
    running = {one["owner"] for one in status["services"] if one["state"] == "running"}
    owners = sorted(running - {None})
    return Rest(
        run(["/usr/bin/env", "corosync-cfgtool", "-s"])[1],
        run(["/usr/bin/env", "corosync-quorumtool", "-s"])[1],
        {name: parts["mount"] for name, parts in ENGINE.configured().items()},
        ENGINE.devices(),
        {node: after(node, status) for node in owners},
        ENGINE.excluding(status["nodes"]),
    )


def after(node: str, status: Mapping[str, Any]) -> dict[str, str]:
    """Where the services would run if a node was lost, by Pacemaker's own scheduler.

    It is asked twice: crm_simulate of Pacemaker 3.0.0 tells nothing after the words that it failed
    a node if it is to write XML.
    """
    with tempfile.TemporaryDirectory() as place:
        file = f"{place}/after.xml"
        words = ["--live-check", "--simulate", f"--node-fail={node}", f"--save-output={file}"]
        code, _out, _err = run(["/usr/bin/env", "crm_simulate", *words])
        if code != 0:
            return {}
        words = [f"--xml-file={file}", "--output-as=xml"]
        code, out, _err = run(["/usr/bin/env", "crm_simulate", *words])
    there = ET.fromstring(out).find("cluster_status") if code == 0 else None
    if there is None:
        return {}
    read = pacemaker.read(there, status["cluster"], status["node"])
    return {
        one["name"]: one["owner"] or "" if one["state"] == "running" else ""
        for one in read["services"]
    }


def kernel() -> str:
    """What DRBD 8.4 says of all its devices; nothing without it."""
    try:
        return Path(drbd_state.PROC).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def disks(devices: Mapping[str, str], said: str) -> dict[str, dict[str, Any]]:
    """Service -> the state of its copy on this node and its resync. said: by the kernel."""
    states, behind = drbd_state.parse_proc(said), drbd_state.behind_proc(said)
    found = {}
    for name, device in devices.items():
        match = DEVICE.fullmatch(device)
        if match is None or int(match[1]) not in states:
            continue
        minor = int(match[1])
        sync = drbd_sync.of_proc(said, minor)
        found[name] = {
            "disk": {**asdict(states[minor]), "out_of_sync_bytes": behind.get(minor)},
            "sync": None if sync is None else asdict(sync),
        }
    return found


def told(answer: ET.Element, status: Mapping[str, Any], more: Rest) -> dict[str, Any]:
    """All of it as failoverctl shows it, and as the page reads it."""
    said = _pacemaker_screen.Told(
        answer,
        status,
        more.links,
        more.mounts,
        more.after,
        _pacemaker_screen.quorate_without_one(more.quorum),
        disks(more.devices, kernel()),
        more.excluding,
    )
    return _pacemaker_screen.screen(said, time.time())


def status() -> dict[str, Any]:
    """The status, asked now. Raises NotRunning, TimeoutError."""
    answer, found = cluster()
    return told(answer, found, rest(found))


def ready(service: str) -> dict[str, Any]:
    """Whether a failover of it, or of each, would succeed. Raises NotRunning, TimeoutError."""
    answer, found = cluster()
    more = rest(found)
    said = _pacemaker_ready.ready(told(answer, found, more), more.excluding)
    known = [one["name"] for one in said["services"]]
    if service and service not in known:
        return {"ok": False, "text": f"{service} is not a service; they are {', '.join(known)}"}
    said["services"] = [one for one in said["services"] if service in ("", one["name"])]
    said["level"] = _pacemaker_ready.worst(one["level"] for one in said["services"])
    return {"ok": True, **said}
