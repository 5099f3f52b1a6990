# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl support: collects, takes the secrets out, and writes the archive."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from failoverd import VERSION
from failoverd.control.client import NotRunning, ask
from failoverd.formats.strictjson import JsonError
from failoverd.journal.segments import segments
from failoverd.system.files import read_json
from failoverd.system.terminal import say

from .archive import Archive, writing
from .commands import Commands
from .known import secrets
from .places import Places
from .redact import redactor, without_named

FORMAT = 1
WHOLE_S = 120.0
"""The collection takes no longer, whatever hangs."""
LIMIT_MIB = 64
"""Size of everything before it is packed; the archive is some tenth of it."""
ANSWER_S = 10.0
LINES = 20000
TAIL_BYTES = 4 << 20
PACKAGES = (
    *("drbd*", "postgresql*", "apache2*", "pacemaker*", "corosync*", "fence-agents*"),
    *("resource-agents*", "systemd", "linux-image*", "python3", "python3-dbus-fast"),
)
PROPERTIES = (
    *("Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "Result", "MainPID"),
    *("NRestarts", "ExecMainStatus", "StateChangeTimestamp", "FragmentPath", "DropInPaths"),
    *("After", "Requires", "PartOf"),
)
"""Without those that show arguments or variables."""
OWN_UNITS = ("failoverd.service", "failoverd-handover.service")
TOLD: dict[str, tuple[str, ...]] = {
    "system/uname": ("uname", "-a"),
    "system/os-release": ("cat", "/etc/os-release"),
    "system/uptime": ("uptime",),
    "system/memory": ("cat", "/proc/meminfo"),
    "system/time": ("timedatectl", "show"),
    "system/addresses": ("ip", "-details", "-statistics", "address"),
    "system/routes": ("ip", "route", "show", "table", "all"),
    "system/neighbours": ("ip", "neighbour"),
    "system/sockets": ("ss", "-tuln"),
    "system/mounts": ("findmnt", "--real", "--output", "TARGET,SOURCE,FSTYPE"),
    "system/disks": ("lsblk", "--output", "NAME,MAJ:MIN,SIZE,TYPE,FSTYPE,MOUNTPOINT,MODEL,HCTL"),
    "system/space": ("df", "-k", "--local"),
    "system/inodes": ("df", "-i", "--local"),
    "system/units-failed": ("systemctl", "--failed", "--no-legend", "--plain"),
    "system/packages": ("dpkg-query", "-W", "-f", "${Package} ${Version} ${Status}\\n", *PACKAGES),
    "drbd/proc": ("cat", "/proc/drbd"),
    "drbd/status.json": ("drbdsetup", "status", "--json"),
    "drbd/show": ("drbdsetup", "show"),
    "drbd/module": ("modinfo", "drbd"),
    "log/kernel": ("journalctl", "-k", "-b", "-n", str(LINES), "-o", "short-iso-precise"),
    "log/kernel-before": ("journalctl", "-k", "-b", "-1", "-n", "2000", "-o", "short-iso-precise"),
}
"""File of the archive -> the command that tells its content."""

Redact = Callable[[str], str]


def show(target: str, limit_mib: int, as_json: bool) -> int:
    """Write the archive, and print where it is. Raises OSError."""
    places = Places()
    path = Path(target) if target else places.state / "support" / "support.tar.gz"
    if not target:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    told = collect(path, places, limit_mib << 20)
    if as_json:
        print(json.dumps(told))
    else:
        say(f"{path}: {told['bytes']} bytes, {len(told['files'])} files, for root alone")
        for name in told["left_out"]:
            say(f"  left out, because the archive has its limit: {name}")
        say("  Secrets that this node knows were taken out. Look at it before you give it away.")
    return 0


def collect(path: Path, places: Places, limit: int, whole_s: float = WHOLE_S) -> dict[str, Any]:
    """Write the archive, and tell what is in it. Raises OSError if it cannot be written."""
    commands = Commands(time.monotonic() + whole_s)
    config = _config(places)
    node, units = str(config.get("node") or os.uname().nodename), _units(config)
    redact = redactor(secrets(places, commands, units))
    about = {
        "format": FORMAT,
        "cluster": str(config.get("cluster", "")),
        "node": node,
        "version": VERSION,
        "time": round(time.time(), 3),
    }
    with writing(path, _folder(node), limit) as archive:
        for name, text in _small(places, commands, units, config):
            archive.add(name, redact(text))
        _history(archive, places, redact)
        _journal(archive, places, redact)
        about |= {"files": dict(archive.files), "left_out": archive.left_out}
        archive.add("manifest.json", json.dumps(about, indent=1) + "\n")
    return {**about, "path": str(path), "bytes": path.stat().st_size}


def _folder(node: str) -> str:
    """The name of the node, as one folder."""
    return "".join(c if c.isalnum() or c in "-._" else "_" for c in node).lstrip(".") or "node"


def _config(places: Places) -> dict[str, Any]:
    """cluster.json as it is, even if the daemon refuses it; empty if it cannot be read."""
    try:
        found = read_json(places.etc / "cluster.json")
    except (OSError, JsonError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _units(config: dict[str, Any]) -> list[str]:
    """The daemon's own units, and those of the services."""
    services = config.get("services")
    found = [
        str(resource["unit"])
        for service in (services if isinstance(services, list) else [])
        if isinstance(service, dict)
        for resource in service.get("resources") or ()
        if isinstance(resource, dict) and isinstance(resource.get("unit"), str)
    ]
    # A name that begins like an option is none of a unit.
    return [*OWN_UNITS, *(unit for unit in found if not unit.startswith("-"))]


def _small(
    places: Places, commands: Commands, units: list[str], config: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Everything but history and journal, the most important first."""
    for name, request in (
        ("status.json", {"op": "status"}),
        ("ready.json", {"op": "ready", "service": ""}),
        ("state.json", {"op": "state"}),
    ):
        yield name, _asked(name, request)
    yield "config/cluster.json", json.dumps(without_named(config), indent=1, sort_keys=True) + "\n"
    yield "config/files", "".join(_listed(places.etc))
    for path in places.drbd():
        yield f"drbd/{path.name}", _text(path)
    for name, argv in TOLD.items():
        yield name, commands.run(*argv)
    properties = [word for name in PROPERTIES for word in ("-p", name)]
    yield "system/units", commands.run("systemctl", "show", *properties, *units)
    for unit in units:
        argv = ("journalctl", "-u", unit, "-n", str(LINES), "-o", "short-iso-precise")
        yield f"log/{_folder(unit)}", commands.run(*argv)


def _asked(name: str, request: dict[str, Any]) -> str:
    """What the daemon answers, in the form that failoverctl would print or save."""
    try:
        answer = ask(request, ANSWER_S)
    except (NotRunning, TimeoutError, OSError) as error:
        return json.dumps({"problem": str(error) or "no answer in time"}) + "\n"
    told = answer.get("status", answer) if name == "status.json" else answer
    return json.dumps({key: value for key, value in told.items() if key != "ok"}) + "\n"


def _listed(directory: Path) -> Iterator[str]:
    """Name, mode, owner and size of each file; not its content."""
    try:
        paths = sorted(directory.iterdir())
    except OSError as error:
        yield f"{directory}: {error.strerror}\n"
        return
    for path in paths:
        try:
            found = path.lstat()
        except OSError:
            continue
        mode = stat.filemode(found.st_mode)
        yield f"{mode} {found.st_uid}:{found.st_gid} {found.st_size:>8} {path.name}\n"


def _history(archive: Archive, places: Places, redact: Redact) -> None:
    for name in ("history.jsonl", "history.1.jsonl"):
        text = _text(places.state / name, TAIL_BYTES)
        if text:
            archive.add(name, redact(text))


def _journal(archive: Archive, places: Places, redact: Redact) -> None:
    """The newest segments first, each whole: without its first line none can be replayed."""
    for path in reversed(segments(places.state / "journal")):
        try:
            size = path.stat().st_size
        except OSError:
            continue
        if size > archive.left:
            archive.left_out.append(f"journal/{path.name}")
        elif size:
            archive.add(f"journal/{path.name}", redact(_text(path)))


def _text(path: Path, tail: int = 0) -> str:
    """A file; with tail, its last bytes from the beginning of a line. Empty if unreadable."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if tail and size > tail:
                file.seek(size - tail)
                file.readline()
            return file.read().decode("utf-8", "surrogateescape")
    except OSError:
        return ""
