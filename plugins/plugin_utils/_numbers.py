# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that belong to a service's name: DRBD minors and ports, locks of a lock disk.

A number is kept for as long as its resource exists: a reordered or shortened list moves none.
So a number of the inventory wins, then the one that the nodes have already; a new service gets the
lowest that is free on both nodes. A number of an existing resource is never changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._problems import Problem, refuse

MINORS = range(256)
PORTS = range(7789, 65536)
LOCKS = range(1, 65)
"""Locks of a lock disk."""

Found = Mapping[str, Mapping[str, Any]]


@dataclass
class Kind:
    """One kind of number, and what the nodes know of it."""

    key: str
    """Where it stands in a storage."""
    room: range
    place: str
    """Where a node keeps it; {} is the name of the service."""
    kept: dict[str, dict[str, int]] = field(default_factory=dict)
    """Service -> node -> the number that it has there."""
    foreign: dict[int, str] = field(default_factory=dict)
    """Number -> who else has it."""
    busy: set[int] = field(default_factory=set)
    """Numbers that a new service had better not take."""


def assign(services: Sequence[Mapping[str, Any]], found: Found | None) -> None:
    """Complete the storages; found is what the nodes answered, None before they were asked."""
    drbd = [s for s in services if s["storage"]["type"] == "drbd"]
    locked = [s for s in services if "lock" in s["storage"]]
    told = found or {}
    minors, ports = _of_drbd([s["name"] for s in drbd], told)
    ports.busy |= {a["port"] for s in services for a in s["applications"] if "port" in a}
    _number(minors, drbd)
    _number(ports, drbd)
    _number(_of_locks([s["name"] for s in locked], told), locked)
    for service in drbd:
        service["storage"]["device"] = f"/dev/drbd{service['storage']['minor']}"
        service["storage"]["digest"] = _digest(service["name"], told)


def _digest(service: str, found: Found) -> str:
    """How the nodes prove the shared secret to each other. A resource that exists keeps its way:
    nodes that differ do not connect, and both are not changed at the same moment."""
    files = [
        info.get("drbd_files", {}).get(f"/etc/drbd.d/{service}.res") for info in found.values()
    ]
    return "sha1" if any(file and file["ours"] and file.get("sha1") for file in files) else "sha256"


def _of_drbd(names: Sequence[str], found: Found) -> tuple[Kind, Kind]:
    place = "/etc/drbd.d/{}.res"
    minors, ports = Kind("minor", MINORS, place), Kind("port", PORTS, place)
    for node, info in found.items():
        ours = {place.format(name): name for name in names}
        kept = set()
        for path, file in info.get("drbd_files", {}).items():
            name = ours.get(path) if file["ours"] else None
            for kind, numbers in ((minors, file["minors"]), (ports, file["ports"])):
                if name is None:
                    who = f"{path} on {node}"
                    kind.foreign.update((number, who) for number in numbers)
                elif len(set(numbers)) == 1:
                    kind.kept.setdefault(name, {})[node] = numbers[0]
            kept |= set(file["minors"])
        strange = set(info.get("drbd_minors", ())) - kept
        minors.foreign.update((n, f"a resource of {node} without a file") for n in strange)
        ports.busy |= set(info.get("listening", ()))
    return minors, ports


def _of_locks(names: Iterable[str], found: Found) -> Kind:
    kind, known = Kind("lock", LOCKS, "the lock disk"), set(names)
    for node, info in found.items():
        for name, number in (info.get("locks") or {}).items():
            if name in known:
                kind.kept.setdefault(name, {})[node] = number
            else:
                kind.foreign[number] = f"service {name} on the lock disk"
    return kind


def _number(kind: Kind, services: Sequence[Mapping[str, Any]]) -> None:
    chosen: dict[int, str] = {}
    for service in services:
        number = _decided(kind, service)
        if number is None:
            continue
        where, who = f"{service['where']}.storage.{kind.key}", f"service {service['name']}"
        if number in chosen:
            refuse(where, str(number), f"of {who} is that of {chosen[number]} already.")
        if number in kind.foreign:
            refuse(
                where,
                str(number),
                f"of {who} is used by {kind.foreign[number]}; give {who} another number, or remove"
                " what uses it.",
            )
        chosen[number] = who
        service["storage"][kind.key] = number
    taken = chosen.keys() | kind.foreign.keys() | kind.busy
    for service in services:
        if service["storage"][kind.key] is None:
            number = next((n for n in kind.room if n not in taken), None)
            if number is None:
                raise Problem(f"{service['where']}.storage.{kind.key}: no number is free.")
            taken = {*taken, number}
            service["storage"][kind.key] = number


def _decided(kind: Kind, service: Mapping[str, Any]) -> int | None:
    """The number that the inventory or the nodes say; None for a new one."""
    given: int | None = service["storage"][kind.key]
    kept = kind.kept.get(service["name"], {})
    where, place = f"{service['where']}.storage.{kind.key}", kind.place.format(service["name"])
    if len(set(kept.values())) > 1:
        said = ", ".join(f"{number} on {node}" for node, number in kept.items())
        raise Problem(
            f"{where}: {place} says {said}; both nodes need the same. Copy the file of the node"
            " whose resource is in use to the other one."
        )
    have = next(iter(kept.values()), None)
    if given is not None and have is not None and given != have:
        refuse(
            where,
            str(given),
            f"is not {have}, which the resource has already ({place} on {', '.join(kept)}); the"
            f" number of an existing resource is never changed. Write {have}, or leave it out.",
        )
    return have if given is None else given
