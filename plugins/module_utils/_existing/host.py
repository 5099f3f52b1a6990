# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of import asks a host."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from .. import _drbd, _drbd_files, _node
from . import read, redact

Run = Callable[[Sequence[str]], tuple[int, str, str]]

UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
PLACES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
SETTING = ("data_directory", "port")


def program(name: str) -> str:
    """The path of a program, "" if the host does not have it; to run it would end the module."""
    return next((f"{d}/{name}" for d in PLACES if os.access(f"{d}/{name}", os.X_OK)), "")


def facts(run: Run, root: str = "") -> dict[str, Any]:
    """Name, release, interfaces, watchdog, mounts, units and DRBD of a host."""
    return {
        "nodename": os.uname().nodename,
        "os": _node.release(),
        "interfaces": _node.interfaces(run),
        "watchdog": _node.watchdog("", "", run),
        "mounts": _mounts(),
        "fstab": (read.file("/etc/fstab", redact.fstab, root) or {"text": ""})["text"],
        "drbd_version": _node.drbd_version(run),
        "drbd_state": _drbd_state(run),
        "postgresql": postgresql(root),
        **units(run, root),
    }


def _mounts() -> str:
    with open("/proc/self/mounts", encoding="utf-8", errors="replace") as handle:
        return redact.fstab(handle.read(read.LONGEST))


def units(run: Run, root: str = "") -> dict[str, Any]:
    """Return the service units that the host has, those that run, and its init scripts."""
    found = {name for place in UNITS for name in read.names(place, root)}
    code, out, _err = run(
        ["systemctl", "list-units", "--type=service", "--state=running", "--plain", "--no-legend"]
    )
    return {
        "units": sorted(name for name in found if name.endswith(".service")),
        "running": sorted(line.split()[0] for line in out.splitlines() if line) if not code else [],
        "scripts": read.names("/etc/init.d", root),
    }


def _drbd_state(run: Run) -> dict[str, dict[str, str]]:
    """The state of each resource: by its minor with DRBD 8.4, by its name with DRBD 9."""
    try:
        with open("/proc/drbd", encoding="utf-8") as handle:
            text = handle.read(read.LONGEST)
    except OSError:
        return {}
    if text.startswith("version: 8."):
        return {str(m): _drbd.parse_proc(text, m) for m in _drbd_files.kernel_minors()}
    tool = program("drbdsetup")
    code, out, _err = run([tool, "status", "--json"]) if tool else (1, "", "")
    names = [str(entry.get("name", "")) for entry in json.loads(out)] if code == 0 else []
    return {name: _drbd.parse_status(out, name) for name in names if name}


def postgresql(root: str = "") -> list[dict[str, str]]:
    """Return the clusters in Debian's layout: version, name, directory of the data, port."""
    result = []
    for path in read.matching("/etc/postgresql/*/*/postgresql.conf", root):
        version, name = path.split("/")[3:5]
        found = read.file(path, _postgresql_settings, root) or {"text": "{}"}
        settings = json.loads(found["text"])
        result.append(
            {
                "version": version,
                "name": name,
                "data": settings.get("data_directory", f"/var/lib/postgresql/{version}/{name}"),
                "port": settings.get("port", "5432"),
                "configuration": path,
            }
        )
    return result


def _postgresql_settings(text: str) -> str:
    """Only the settings that are asked for; the last one counts, as for the server."""
    result = {}
    for line in text.splitlines():
        key, _equals, value = line.partition("#")[0].replace("=", " ", 1).partition(" ")
        if key.strip() in SETTING:
            result[key.strip()] = value.strip().strip("'\"")
    return json.dumps(result)


def drbd(root: str = "") -> dict[str, dict[str, Any]]:
    """Return DRBD's files, with everything that the main file can include."""
    paths = [_drbd_files.MAIN]
    for pattern in ("global_common.conf", "*.res", "*.conf"):
        paths += read.matching(f"{_drbd_files.DIRECTORY}/{pattern}", root)
    return read.files(dict.fromkeys(paths), redact.drbd, root)
