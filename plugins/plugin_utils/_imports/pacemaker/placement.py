# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which resources move together, in which order, and which node they prefer."""

from __future__ import annotations

from collections.abc import Sequence

from .cib import INFINITY, Cib, Primitive, Unit


def together(cib: Cib) -> list[list[Unit]]:
    """Return the units that have to run on one node, each set in the order of its start."""
    alone = [
        unit
        for unit in cib.units
        if not unit.cloned and not all(m.agent.startswith("stonith") for m in unit.members)
    ]
    known = {unit.id: unit for unit in alone}
    inside = {member.id: unit.id for unit in alone for member in unit.members}
    leader = {name: name for name in known}

    def root(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for bond in cib.together:
        one, other = inside.get(bond.one, bond.one), inside.get(bond.other, bond.other)
        if bond.score >= INFINITY and one in known and other in known:
            leader[root(one)] = root(other)
    sets: dict[str, list[Unit]] = {}
    for unit in alone:
        sets.setdefault(root(unit.id), []).append(unit)
    return [_sorted(units, cib, inside) for units in sets.values()]


def _sorted(units: Sequence[Unit], cib: Cib, inside: dict[str, str]) -> list[Unit]:
    """Before each unit what starts before it; a circle is broken where it closes."""
    names = {unit.id: unit for unit in units}
    result: list[Unit] = []
    visited: set[str] = set()
    before: dict[str, list[str]] = {name: [] for name in names}
    for order in cib.orders:
        one, other = inside.get(order.one, order.one), inside.get(order.other, order.other)
        if one in names and other in names and one != other:
            before[other].append(one)
    pending = list(reversed(list(names)))
    while pending:
        name = pending[-1]
        waiting = [one for one in before[name] if one not in visited]
        if name in visited:
            pending.pop()
            if names[name] not in result:
                result.append(names[name])
        else:
            visited.add(name)
            pending += reversed(waiting)
    return result


def replicated(units: Sequence[Unit], cib: Cib) -> list[Primitive]:
    """Return the clones of DRBD whose promoted side these units need."""
    members = {m.id for unit in units for m in unit.members} | {unit.id for unit in units}
    clones = {unit.id: unit for unit in cib.units if unit.cloned}
    inner = {m.id: unit.id for unit in clones.values() for m in unit.members}
    wanted = [
        inner.get(bond.other, bond.other)
        for bond in cib.together
        if bond.one in members and bond.score >= INFINITY
    ]
    result: list[Primitive] = []
    for name in wanted:
        unit = clones.get(name)
        for member in unit.members if unit is not None else ():
            if member.agent == "ocf:linbit:drbd" and member not in result:
                result.append(member)
    return result


def preferred(units: Sequence[Unit], cib: Cib, nodes: Sequence[str]) -> str:
    """Return the node with the highest score, "" if none is preferred."""
    members = {m.id for unit in units for m in unit.members} | {unit.id for unit in units}
    scores: dict[str, int] = {}
    for place in cib.places:
        if place.resource in members and place.node in nodes and place.score > 0:
            scores[place.node] = max(scores.get(place.node, 0), place.score)
    return max(scores, key=lambda node: scores[node]) if scores else ""


def sticky(units: Sequence[Unit], cib: Cib) -> bool:
    """Whether the units stay where they are when a better node comes back."""
    metas = [unit.meta for unit in units] + [m.meta for unit in units for m in unit.members]
    values = [meta["resource-stickiness"] for meta in metas if "resource-stickiness" in meta]
    value = values[0] if values else cib.defaults.get("resource-stickiness", "0")
    return value.lstrip("+") == "INFINITY" or (value.isdecimal() and int(value[:9]) > 0)
