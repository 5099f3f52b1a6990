# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that belong to a service's name, such as minors, ports and locks.

A number is kept for as long as its resource exists: a reordered or shortened list moves none.
So a number of the inventory wins, then the one that the nodes have already; a new service gets the
lowest that is free on both nodes. A number of an existing resource is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._problems import Problem, refuse


@dataclass
class Numbers:
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


def choose(kind: Numbers, services: Sequence[Mapping[str, Any]]) -> None:
    """Complete the storages of some services with their numbers."""
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


def _decided(kind: Numbers, service: Mapping[str, Any]) -> int | None:
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
