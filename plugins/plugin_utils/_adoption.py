# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A single server moves onto the storage of a cluster: what is done, what forbids it, the way back.

The old service runs on while its data are copied. It stops once, for the last difference.
"""

from __future__ import annotations

import posixpath
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.failover.cluster.plugins.module_utils._adoption import edits, places, state

Found = Mapping[str, Mapping[str, Any]]
Seen = Mapping[str, Any]

ROOTS: Sequence[str] = (
    *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/opt", "/proc", "/root", "/run"),
    *("/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib", "/var/log", "/var/spool"),
)
"""Directories of the host, which never move as a whole."""
SENDERS = 3
"""Connections for replication that a copy takes: two of its base copy, and one more."""
ENGINE_S = 30
"""So long a cluster takes from its first start until it serves, on a small machine."""
MIB_PER_S = 60
"""So much of a directory is compared in a second."""
MARGIN = 1.1
USABLE = 0.9
"""So much of a disk a file system leaves for data, with its journal, tables and reserve."""


def forth(
    model: Mapping[str, Any],
    name: str,
    found: Found,
    files: Sequence[str] = (),
    managed: bool = False,
) -> dict[str, Any]:
    """Return lines, problems, phase and work of the move of a service.

    found: what adoption_info says of each node. files: what else both hosts shall have. managed:
    whether a cluster runs already.
    """
    service = next(one for one in model["services"] if one["name"] == name)
    server = service["preferred"]
    here = found[server]
    phase = here["state"].get("phase", "")
    if phase in (state.MOVED, state.SERVED, state.CONFIRMED):
        work = here["state"]["work"]
        lines = list(_done(name, here["state"]))
        return {
            "lines": lines,
            "problems": [],
            "phase": phase,
            "work": work,
            "follow": False,
            "copied": True,
        }
    if phase == state.RETURNING:
        problem = f"{name}: is on its way back; finish that first (playbook adopt_back)."
        return {
            "lines": [],
            "problems": [problem],
            "phase": phase,
            "work": {},
            "follow": False,
            "copied": True,
        }
    if phase == state.STOPPING:
        work = here["state"]["work"]
        said = f"An earlier run was cut off while {name} was stopped; this run goes on there."
        follow = any(here["units"][unit]["active"] for unit in work["units"])
        return {
            "lines": [said],
            "problems": [],
            "phase": phase,
            "work": work,
            "follow": follow,
            "copied": True,
        }
    work = _work(model, service, server, here, files)
    problems = list(_problems(service, work, found))
    if managed:
        problems.append(
            f"{name}: a cluster runs on {', '.join(found)} already, and a single server is adopted"
            " before the first start of its cluster. Take that one off first (playbook remove)."
        )
    return {
        "lines": list(_lines(service, work, here)) if not problems else [],
        "problems": problems,
        "phase": "",
        "work": work,
        "follow": True,
        "copied": True,
    }


def _work(
    model: Mapping[str, Any],
    service: Mapping[str, Any],
    server: str,
    here: Seen,
    files: Sequence[str],
) -> dict[str, Any]:
    mount = service["storage"]["mount"]
    addresses = {one["ip"]: one for one in service["addresses"]}
    own = here["own"]
    databases = [
        {
            **{key: one[key] for key in ("unit", "version", "name", "configuration", "programs")},
            "port": one["port"],
            "socket": one["socket"],
            "old": _data(one),
            "new": places.new(mount, _data(one)),
        }
        for one in here["databases"]
        if one["configuration"]
    ]
    told = [*here["made_here"], *(one["configuration"] for one in databases), *files]
    told += [edits.APACHE] if here["sites"] else []
    return {
        "service": service["name"],
        "mount": mount,
        "server": server,
        "second": next((node for node in model["nodes"] if node != server), ""),
        "units": [one["unit"] for one in service["applications"]],
        "databases": databases,
        "directories": [
            {"old": path, "new": places.new(mount, path)} for path in here["directories"]
        ],
        "files": sorted(dict.fromkeys(told)),
        "packages": dict(here["packages"]),
        "accounts": list(here["accounts"]),
        "addresses": [own[ip] for ip in addresses if ip in own],
        "listen": _listen(own, addresses),
    }


def _data(database: Mapping[str, Any]) -> str:
    """Where the running server has its data."""
    told = database.get("settings", {}).get("data_directory", database["data"])
    return posixpath.normpath(told)


def _listen(own: Mapping[str, Any], addresses: Mapping[str, Any]) -> dict[str, str]:
    """Address of the host alone -> the address of the service that replaces it."""
    result = {}
    for ip in own:
        same = [one for one in addresses if (":" in one) == (":" in ip)]
        if ip not in addresses and same:
            result[ip] = same[0]
    return result


# --- what forbids it


def _problems(service: Mapping[str, Any], work: Mapping[str, Any], found: Found) -> Iterator[str]:
    where, server, second = service["where"], work["server"], work["second"]
    here, there = found[server], found.get(second, {})
    if not work["mount"]:
        yield f"{where}.storage: has no file system of its own, so there is nowhere to move to."
        return
    if service["storage"].get("adopt"):
        yield f"{where}.storage.adopt: its data are on that storage already; run site.yml instead."
    if len(found) != 2:
        yield f"{where}: a single server becomes a cluster of two nodes, not of {len(found)}."
        return
    if not work["units"]:
        yield f"{where}.applications: names no unit, so nothing could be stopped or started."
    for one in service["applications"]:
        if one["made_by"] != "host":
            yield (
                f"{where}.applications: {one['unit']} is made by the collection. What is adopted"
                " keeps its own configuration: name the unit that the server runs."
            )
    yield from _units(work, here, there)
    for database in here["databases"]:
        yield from _database(server, database, work["mount"])
    yield from _directories(server, work, here)
    yield from _size(work, found)
    yield from _files(work, here, there)
    for name, version in work["packages"].items():
        other = there["packages"].get(name, version)
        if other != version:
            yield (
                f"{second}: has {name} {other}, and {server} has {version}. Both hosts need the"
                " same version."
            )
    for one in work["addresses"]:
        ip = one["address"].partition("/")[0]
        place = here["bound"].get(ip)
        if place:
            yield (
                f"{server}: {place} gives the host the address {ip}, which shall move. Take it out"
                " there, and leave it on the interface: this playbook takes it away at the stop."
            )


def _units(work: Mapping[str, Any], here: Seen, there: Seen) -> Iterator[str]:
    for unit in work["units"]:
        seen, other = here["units"][unit], there["units"][unit]
        if not seen["exists"]:
            yield f"{work['server']}: there is no unit {unit}."
        elif not seen["active"]:
            yield (
                f"{work['server']}: {unit} does not run. A service moves while it runs, so that"
                " what it has is known; start it, or take it out of the inventory."
            )
        for trigger in seen["triggers"]:
            yield (
                f"{work['server']}: {unit} is started by {trigger}, which would start it beside the"
                f" cluster (systemctl disable --now {trigger})."
            )
        if other["active"]:
            yield (
                f"{work['second']}: {unit} runs there, too. The second host has to be bare; stop it"
                " there."
            )


def _database(server: str, one: Mapping[str, Any], mount: str) -> Iterator[str]:
    where = f"{server}: PostgreSQL {one['version']}/{one['name']}"
    if not one["configuration"]:
        yield f"{where}: has no /etc/postgresql/{one['version']}/{one['name']}/postgresql.conf."
        return
    if one["said"] or not one["settings"]:
        yield (
            f"{where}: the account postgres cannot ask it by its socket in {one['socket']}"
            f" ({one['said'] or 'no answer'}). Let it in by peer in pg_hba.conf."
        )
        return
    settings, sources = one["settings"], one["sources"]
    if settings.get("recovery") in ("true", "t"):
        yield f"{where}: is a standby itself; move the primary."
    if places.within(_data(one), mount):
        yield f"{where}: its data lie in {_data(one)}, on the storage of the cluster already."
    if one["kept"]:
        yield (
            f"{where}: {_data(one)}{places.KEPT} is left of an earlier move. Look at it, and move"
            " it away."
        )
    if settings.get("tablespaces", "0") != "0":
        yield (
            f"{where}: has {settings['tablespaces']} tablespaces of its own, which lie outside its"
            " data directory. They are not moved; move their tables into pg_default first."
        )
    if settings.get("slots"):
        yield (
            f"{where}: has the replication slots {settings['slots']}, which a copy does not get."
            " Drop them, and make them again afterwards."
        )
    if settings.get("wal_level") == "minimal":
        yield f"{where}: wal_level is minimal, so nothing can follow it; replica is needed."
    if int(settings.get("max_wal_senders", 0)) < SENDERS:
        yield (
            f"{where}: max_wal_senders is {settings.get('max_wal_senders')}; the copy needs"
            f" {SENDERS}."
        )
    if one["refused"]:
        yield (
            f"{where}: refuses a connection for replication by its socket ({one['refused']})."
            " Write into pg_hba.conf: local replication postgres peer"
        )
    main = f"{one['configuration']}/postgresql.conf"
    if sources.get("data_directory", "") not in ("", main):
        yield (
            f"{where}: data_directory is set in {sources['data_directory']}. It changes, so move"
            f" the line into {main}."
        )


def _directories(server: str, work: Mapping[str, Any], here: Seen) -> Iterator[str]:
    moved = [one["old"] for one in (*work["databases"], *work["directories"])]
    for one in work["directories"]:
        path, seen = one["old"], here["directories"][one["old"]]
        where = f"adopt_directories: {path}"
        if path in ROOTS or posixpath.normpath(path) != path:
            yield f"{where} is no directory of a service alone; name those that hold its data."
            continue
        if seen["kind"] != "directory":
            what = {"missing": "is not there", "link": "is a link", "file": "is no directory"}
            yield f"{where} {what[seen['kind']]} on {server}; name the directory itself."
        elif seen["mounted"]:
            yield (
                f"{where} is a mount point on {server}, so no link can stand in its place. Name the"
                " directories in it."
            )
        if seen["kept"]:
            yield (
                f"{where}: {path}{places.KEPT} on {server} is left of an earlier move. Look at it,"
                " and move it away."
            )
        if places.within(path, work["mount"]) or places.within(work["mount"], path):
            yield f"{where} and the mount point {work['mount']} lie in each other."
        for other in moved:
            if other != path and places.within(path, other):
                yield f"{where} lies in {other}, which moves as a whole; take one of them out."


def _size(work: Mapping[str, Any], found: Found) -> Iterator[str]:
    needed = int(_copied(work, found[work["server"]]) * MARGIN)
    for node, seen in found.items():
        # A disk that is not there is told by the preparation of the storage.
        if seen["disk_mib"] and seen["disk_mib"] * USABLE < needed:
            yield (
                f"{node}: the disk of {work['service']} has {seen['disk_mib']} MiB, and a file"
                f" system leaves {int(seen['disk_mib'] * USABLE)} of them for data. The data that"
                f" move need {needed} MiB, with a tenth to spare. Give it a larger disk."
            )


def _copied(work: Mapping[str, Any], here: Seen) -> int:
    """MiB that move."""
    return _compared(work, here) + sum(one.get("mib", 0) for one in here["databases"])


def _compared(work: Mapping[str, Any], here: Seen) -> int:
    """MiB that are compared once more while the service is stopped."""
    return sum(here["directories"][one["old"]].get("mib", 0) for one in work["directories"])


def _files(work: Mapping[str, Any], here: Seen, there: Seen) -> Iterator[str]:
    for path, exists in here["files"].items():
        if not exists:
            yield f"adopt_files: {path} is not there on {work['server']}."
    covered = [*work["files"], *(one["old"] for one in work["directories"])]
    for path in here["named"]:
        if there["there"].get(path) or any(places.within(path, top) for top in covered):
            continue
        yield (
            f"{work['second']}: {path} is not there, and a unit of {work['server']} names it. Name"
            " it under adopt_files, and it is copied; or install it."
        )


# --- what is told


def _lines(service: Mapping[str, Any], work: Mapping[str, Any], here: Seen) -> Iterator[str]:
    server, second = work["server"], work["second"]
    compared, copied = _compared(work, here), _copied(work, here)
    expected = ENGINE_S + compared // MIB_PER_S
    packages = ", ".join(f"{name} {version}" for name, version in work["packages"].items())
    steps = [
        f"{second} gets {'the packages ' + packages + ', and ' if packages else ''}the files"
        f" {', '.join(work['files']) or 'of no unit'}. What it had there is kept in"
        f" {places.HOME}/{work['service']}/before.tar.gz.",
        f"The storage of {work['service']} is made, and mounted on {server} at {work['mount']}. The"
        " old service runs on in its old place.",
        f"About {copied} MiB are copied while it runs:"
        f" {', '.join(one['old'] for one in (*work['databases'], *work['directories']))}.",
        f"{', '.join(reversed(work['units']))} stop, the last difference is copied and proved, and"
        f" the old data are kept on {server} under names that end in {places.KEPT}.",
        *(
            f"{one['address']} is taken from {one['interface']} of {server}, and belongs to the"
            " service from then on."
            for one in work["addresses"]
        ),
        f"The cluster starts, and {work['service']} runs on {server}.",
    ]
    yield from (f"{number}. {step}" for number, step in enumerate(steps, 1))
    yield (
        f"Expected downtime of {work['service']}: about {expected} s, between step 4 and the end."
        " If anything fails before the cluster starts, the old service is started again in its old"
        " place."
    )
    yield "The way back, with the data of that day: playbook adopt_back, until you confirm."


def _done(name: str, seen: Seen) -> Iterator[str]:
    if seen["phase"] == state.MOVED:
        yield f"The data of {name} are on the storage; this run starts the cluster."
        return
    day = _moment(seen["stopped_at"])
    yield f"{name} was moved on {day}, and was down for {seen.get('downtime_s', 0):g} s."
    if seen["phase"] == state.CONFIRMED:
        yield "That was confirmed, and what was kept is gone."
    else:
        yield (
            f"What was there before is kept on {seen['work']['server']} under names that end in"
            f" {places.KEPT}. It is removed with -e confirm=true, and there is no way back then."
        )


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


# --- the way back


def back(
    model: Mapping[str, Any], name: str, found: Found, data: str, owner: str
) -> dict[str, Any]:
    """Return lines, problems, phase and work of the way back. data: new or kept."""
    service = next(one for one in model["services"] if one["name"] == name)
    server = service["preferred"]
    here = found[server]
    seen = here["state"]
    phase, work = seen.get("phase", ""), seen.get("work") or {}
    # A run that was cut off has decided it, and may have taken the kept data already.
    copied = data == "new" and seen.get("copied", True)
    follow = copied and owner == server
    told = {"lines": [], "problems": [], "phase": phase, "work": work}
    told |= {"follow": follow, "copied": copied}
    if phase == state.RETURNED:
        day = _moment(seen["returned_at"])
        return {**told, "lines": [f"{name} runs in its old place on {server} since {day}."]}
    if phase not in (state.MOVED, state.SERVED, state.RETURNING):
        why = (
            "its move was confirmed, and what was kept is gone"
            if phase == state.CONFIRMED
            else "it was not moved by the playbook adopt_move"
        )
        return {**told, "problems": [f"{name}: there is no way back on {server}, because {why}."]}
    if phase == state.RETURNING:
        told["lines"] = ["An earlier run was cut off; this run goes on there."]
        return {**told, "problems": list(_elsewhere(name, server, owner)) if owner else []}
    problems = list(_stuck(name, work, here, owner)) if copied else []
    return {**told, "lines": list(_way(name, work, here, copied)), "problems": problems}


def _stuck(name: str, work: Mapping[str, Any], here: Seen, owner: str) -> Iterator[str]:
    server = work["server"]
    yield from _elsewhere(name, server, owner)
    room = here["back"].get("room", {})
    needed: dict[str, int] = {}
    for one in here["databases"]:
        place = posixpath.dirname(_old(work, one["unit"]))
        needed[place] = needed.get(place, 0) + one.get("mib", 0)
    for one in work["directories"]:
        place = posixpath.dirname(one["old"])
        needed[place] = needed.get(place, 0) + here["directories"].get(one["old"], {}).get("mib", 0)
    for place, mib in needed.items():
        if room.get(place, 0) < mib * MARGIN:
            yield (
                f"{server}: {place} has {room.get(place, 0)} MiB left, and {mib} MiB are copied"
                " back there beside what was kept. Make room; or go back to the data of the day of"
                " the move with -e data=kept, which loses what was written since."
            )


def _elsewhere(name: str, server: str, owner: str) -> Iterator[str]:
    if owner and owner != server:
        yield (
            f"{name}: runs on {owner}. Its data are copied back on {server}, so it has to run there"
            f" first: playbook failover -e service={name} -e to={server}."
        )
    elif not owner:
        yield (
            f"{name}: runs on no node, and its data are copied back while it runs on {server}. If"
            " the cluster has never served since the move, -e data=kept goes back without a loss."
        )


def _old(work: Mapping[str, Any], unit: str) -> str:
    return str(next((one["old"] for one in work["databases"] if one["unit"] == unit), "/"))


def _way(name: str, work: Mapping[str, Any], here: Seen, copied: bool) -> Iterator[str]:
    server = work["server"]
    day = _moment(here["state"]["stopped_at"])
    for place, count in here["back"].get("written", {}).items():
        much = "an unknown amount" if count is None else f"{count / (1 << 20):.1f} MiB"
        yield f"Since {day} the database of {place} has written {much} of WAL on the cluster."
    steps: list[str] = []
    if not copied:
        yield (
            f"What was written since {day} is LOST for the old service: it goes on with the data of"
            " that day. The data of the cluster stay on its disks."
        )
    else:
        yield "Nothing of it is lost: the data of the cluster are copied to the old places."
        steps = [
            "The data are copied to their old places while the cluster serves:"
            f" {', '.join(one['old'] for one in (*work['databases'], *work['directories']))}."
        ]
    steps += [
        f"The cluster stops {name} and all its services, and the last difference is copied and"
        " proved."
        if copied
        else f"The cluster stops {name} and all its services.",
        f"{', '.join(work['units'])} start on {server} in their old places, with their old"
        " configuration"
        + "".join(f", and {one['address']} is on {one['interface']}" for one in work["addresses"])
        + ".",
        "The cluster is taken off both nodes, as the playbook remove does. The data stay on its"
        " disks.",
    ]
    yield from (f"{number}. {step}" for number, step in enumerate(steps, 1))
    yield f"Expected downtime of {name}: about {ENGINE_S} s, and the time of the last difference."
