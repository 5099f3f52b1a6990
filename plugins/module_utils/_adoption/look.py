# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of a service that is adopted, before anything is changed there."""

from __future__ import annotations

import glob
import os
import pwd
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import _node, _units
from . import edits, places, postgres
from .postgres import Database
from .state import State
from .switch import Run, back

UNIT = re.compile(r"postgresql@(\d+)-([A-Za-z0-9_.-]+)\.service")
OWN = "/etc/systemd/system"
CONFIGURED = "/etc/postgresql"
PROGRAMS = "/usr/lib/postgresql"
NETWORK = ("/etc/network", "/etc/netplan", "/etc/systemd/network", "/etc/NetworkManager")
EXECUTED = re.compile(r"^(?:Exec\w+|EnvironmentFile)\s*=\s*[-@:+!|]*(.*)$", re.MULTILINE)
PATH = re.compile(r"(?<![\w.$}])/[A-Za-z0-9_.+@/-]+")
SYSTEM = ("/bin/", "/dev/", "/lib/", "/proc/", "/run/", "/sbin/", "/sys/", "/usr/bin/", "/usr/lib/")
PACKAGES = (
    ["postgresql-[0-9]*", "postgresql-contrib*"],
    ["apache2", "libapache2-mod-*"],
)
"""Patterns of dpkg: of a database, and of sites."""
SETTINGS = """select name, setting, coalesce(sourcefile, '') from pg_settings where name in
('data_directory', 'listen_addresses', 'max_wal_senders', 'wal_level', 'in_hot_standby')
union all select 'tablespaces', count(*)::text, '' from pg_tablespace where oid > 1664
union all select 'slots', coalesce(string_agg(slot_name, ' '), ''), '' from pg_replication_slots
union all select 'recovery', pg_is_in_recovery()::text, ''"""


def look(params: Mapping[str, Any], run: Run, root: str = "") -> dict[str, Any]:
    """Return what the module adoption_info tells; params are its parameters."""
    state = State(params["service"], root + places.HOME)
    units = _units.inspect(params["units"], run)
    databases = [
        _database(match, run, root)
        for match in map(UNIT.fullmatch, params["units"])
        if match is not None
    ]
    own = _own(run)
    seen = state.read()
    return {
        "state": {key: value for key, value in seen.items() if key != "texts"},
        "databases": databases,
        "directories": {path: _directory(path, run, root) for path in params["directories"]},
        "files": {path: os.path.exists(root + path) for path in params["files"]},
        "units": units,
        "made_here": sorted(made_here(params["units"], root)),
        "named": sorted(named(params["units"], root)),
        "there": {path: os.path.exists(root + path) for path in params["named"]},
        "accounts": _accounts(units, databases),
        "own": own,
        "bound": {ip: found for ip in params["addresses"] if (found := _bound(ip, root))},
        "packages": _packages(params["units"], run),
        "rsync": os.access(f"{root}/usr/bin/rsync", os.X_OK),
        "sites": "apache2.service" in params["units"],
        "disk_mib": _size_mib(params["disk"]) if params["disk"] else None,
        "mounted": os.path.ismount(root + params["mount"]),
        "room": {
            place: _node.free_mib(root + place) for place in _places(params, databases) if place
        },
        "back": _back(seen, state),
    }


def made_here(units: Iterable[str], root: str = "") -> Iterator[str]:
    """The files of units that somebody wrote for this host, and their drop-ins, but for ours."""
    for unit in units:
        path = f"{OWN}/{unit}"
        if os.path.isfile(root + path) and not os.path.islink(root + path):
            yield path
        for one in sorted(glob.glob(f"{glob.escape(root + path)}.d/*.conf")):
            if not one.endswith("/failover.conf"):
                yield one[len(root) :]


def named(units: Iterable[str], root: str) -> Iterator[str]:
    """Files that these units start or read, and that a second host may lack."""
    for path in made_here(units, root):
        try:
            text = Path(root + path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for words in EXECUTED.findall(text):
            for one in PATH.findall(words):
                if not one.startswith(SYSTEM) and os.path.isfile(root + one):
                    yield one


def _database(match: re.Match[str], run: Run, root: str) -> dict[str, Any]:
    version, name = match[1], match[2]
    place = f"{CONFIGURED}/{version}/{name}"
    path = f"{place}/postgresql.conf"
    try:
        text = Path(root + path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {"unit": match[0], "version": version, "name": name, "configuration": ""}
    sockets = edits.value(text, "unix_socket_directories") or "/var/run/postgresql"
    result: dict[str, Any] = {
        "unit": match[0],
        "version": version,
        "name": name,
        "configuration": place,
        "programs": f"{PROGRAMS}/{version}/bin",
        "port": edits.value(text, "port") or "5432",
        "socket": sockets.partition(",")[0].strip(),
        "data": edits.value(text, "data_directory") or f"/var/lib/postgresql/{version}/{name}",
    }
    where = ["-h", result["socket"], "-p", result["port"], "-U", postgres.OWNER]
    ask = [*postgres.as_owner(), f"{result['programs']}/psql", "-XAtw", *where]
    code, out, err = run([*ask, "-d", "postgres", "-F", "\t", "-c", SETTINGS])
    rows = [line.split("\t") for line in out.splitlines()] if code == 0 else []
    result["settings"] = {row[0]: row[1] for row in rows if len(row) == 3}
    result["sources"] = {row[0]: row[2] for row in rows if len(row) == 3}
    result["said"] = "" if code == 0 else " ".join((err or out).split())[-300:]
    replicating = [*ask, "-d", "dbname=postgres replication=true", "-c", "IDENTIFY_SYSTEM"]
    code, _out, err = run(replicating) if rows else (0, "", "")
    result["refused"] = "" if code == 0 else " ".join(err.split())[-300:]
    data = result["settings"].get("data_directory", result["data"])
    result["kept"] = os.path.lexists(data + places.KEPT)
    result["mib"] = _mib(data, run)
    return result


def _size_mib(device: str) -> int:
    """The size of a disk, 0 if it is not there."""
    try:
        handle = os.open(device, os.O_RDONLY)
    except OSError:
        return 0
    try:
        return os.lseek(handle, 0, os.SEEK_END) >> 20
    finally:
        os.close(handle)


def _mib(path: str, run: Run) -> int:
    _code, out, _err = run(["du", "-smx", "--", path])
    words = out.split()
    return int(words[0]) if words and words[0].isdigit() else 0


def _directory(path: str, run: Run, root: str) -> dict[str, Any]:
    real = root + path
    kind = "missing"
    if os.path.islink(real):
        kind = "link"
    elif os.path.isdir(real):
        kind = "directory"
    elif os.path.exists(real):
        kind = "file"
    whole = os.path.isdir(real)
    return {
        "kind": kind,
        "mounted": os.path.ismount(real),
        "kept": os.path.lexists(real + places.KEPT),
        "mib": _mib(f"{real}/", run) if whole else 0,
    }


def _accounts(
    units: Mapping[str, Mapping[str, Any]], databases: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Who owns files of the service, and needs the same numbers on both hosts."""
    names = {unit["user"] for unit in units.values()} - {"", "root"}
    names |= {postgres.OWNER} if databases else set()
    result = []
    for name in sorted(names):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        told = {"uid": found.pw_uid, "gid": found.pw_gid}
        result.append({"name": name, **told, "home": found.pw_dir, "shell": found.pw_shell})
    return result


def _own(run: Run) -> dict[str, dict[str, str]]:
    """Address of this host -> with its prefix, and its interface."""
    return {
        one.partition("/")[0]: {"address": one, "interface": name}
        for name, addresses in _node.interfaces(run).items()
        for one in addresses
        if name != "lo"
    }


def _bound(ip: str, root: str) -> str:
    """The first line of the network's configuration that names an address, "" for none."""
    alone = re.compile(rf"(?<![0-9a-fA-F.:]){re.escape(ip)}(?![0-9a-fA-F.:])")
    for top in NETWORK:
        for place, _directories, files in sorted(os.walk(root + top)):
            for name in sorted(files):
                path = os.path.join(place, name)
                try:
                    text = Path(path).read_text(encoding="utf-8", errors="replace")
                except OSError:
                    continue
                for number, line in enumerate(text.splitlines(), 1):
                    if alone.search(line.partition("#")[0]):
                        return f"{path[len(root) :]} line {number}"
    return ""


def _packages(units: Sequence[str], run: Run) -> dict[str, str]:
    wanted = [
        pattern
        for needed, patterns in zip(
            (any(map(UNIT.fullmatch, units)), "apache2.service" in units), PACKAGES, strict=True
        )
        if needed
        for pattern in patterns
    ]
    if not wanted:
        return {}
    form = "${db:Status-Abbrev}\t${Package}\t${Version}\n"
    _code, out, _err = run(["dpkg-query", "-W", "-f", form, *wanted])
    rows = [line.split("\t") for line in out.splitlines()]
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0].startswith("ii")}


def _places(params: Mapping[str, Any], databases: Sequence[Mapping[str, Any]]) -> set[str]:
    above = {os.path.dirname(path) for path in params["directories"]}
    above |= {os.path.dirname(one.get("data", "")) for one in databases if one.get("data")}
    return {place for place in above if os.path.isdir(place)}


def _back(seen: Mapping[str, Any], state: State) -> dict[str, Any]:
    """What the databases have written since the move, and where copies back would lie."""
    if not seen.get("last") or not seen.get("work"):
        return {}
    work = seen["work"]
    told = back(work)["databases"]
    written = {}
    for one in told:
        last = next((seen["last"][key] for key in seen["last"] if key.startswith(one["copy"])), "")
        count = Database(one, state.home).written(last) if last else None
        written[one["copy"]] = count
    olds = [one["old"] for one in (*work["databases"], *work["directories"])]
    return {
        "written": written,
        "room": {place: _node.free_mib(place) for place in {os.path.dirname(p) for p in olds}},
    }
