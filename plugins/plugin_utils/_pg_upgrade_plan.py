# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another major version of a database: the plan, and what forbids it. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ._problems import Problem

UPGRADE, BACK, NOTHING = "upgrade", "back", "nothing"
SPARE = 512 << 20
"""Bytes beside a copy of the data, for the log and what pg_upgrade writes."""
COPY, CLONE = "copy", "clone"


def plan(
    name: str,
    owner: str,
    found: Mapping[str, Mapping[str, Any]],
    data: str,
    wanted: str,
    transfer: str = COPY,
    maintenance: bool = False,
    installs: bool = False,
) -> dict[str, Any]:
    """Return lines and problems, work (upgrade, back or nothing), former, wanted, kept, begun,
    and switched: an earlier run put the data of the other version into their place.

    found: what postgresql_version_info says of each node. wanted: the version of the inventory.
    installs: a run that changes something would install its server first.
    """
    info = found[owner]
    begun = info["begun"]
    former = begun.get("former") or info["version"]
    if not former:
        raise Problem(f"{owner}: {data} has no database of PostgreSQL.")
    if former == wanted and not begun:
        work = NOTHING
    else:
        work = UPGRADE if int(wanted) > int(former) else BACK
    told = {
        "work": work,
        "former": former,
        "wanted": wanted,
        "kept": f"{data}.{former}",
        "begun": bool(begun),
        "switched": bool(begun) and info["version"] == wanted,
    }
    if work == NOTHING:
        line = f"{name}: its database is of version {wanted} already; there is nothing to do."
        return {**told, "problems": [], "lines": [line]}
    judged = _upgrade if work == UPGRADE else _back
    problems = list(_begun(name, data, begun, wanted))
    if not problems:
        has = {node: set(info["installed"]) for node, info in found.items()}
        if installs:
            has = {node: {*versions, wanted} for node, versions in has.items()}
        problems = [
            *_resting(name, owner, info, maintenance),
            *_missing(owner, has, former, wanted),
        ]
        problems += [] if begun else judged(owner, info, data, former, wanted, transfer)
    show = _upgrade_lines if work == UPGRADE else _back_lines
    lines = list(show(name, owner, info, data, former, wanted, transfer))
    return {**told, "problems": problems, "lines": lines}


def _begun(name: str, data: str, begun: Mapping[str, Any], wanted: str) -> Iterator[str]:
    if begun and begun["wanted"] != wanted:
        yield (
            f"{name}: an earlier run began to bring its database from version {begun['former']} to"
            f' {begun["wanted"]}, and was cut off. Write version: "{begun["wanted"]}" again, and'
            f" finish it first. If it was only {begun['stage']}, remove {data}.upgrade and"
            f" {data}.new instead."
        )


def _resting(name: str, owner: str, info: Mapping[str, Any], maintenance: bool) -> Iterator[str]:
    """What only a run that was cut off may leave behind."""
    if info["begun"]:
        return
    if maintenance:
        yield (
            "maintenance: is on; somebody works on the cluster. This playbook begins and ends that"
            " mode itself. End it first (playbook maintenance)."
        )
    if not info["answers"]:
        yield f"{name}: its server on {owner} does not answer; the playbook status says why."


def _missing(
    owner: str, has: Mapping[str, Collection[str]], former: str, wanted: str
) -> Iterator[str]:
    for node, versions in has.items():
        for version in (wanted, former) if node == owner else (wanted,):
            if version not in versions:
                yield f"{node}: postgresql-{version} is not installed there."


def _upgrade(
    owner: str, info: Mapping[str, Any], data: str, former: str, _wanted: str, transfer: str
) -> list[str]:
    problems = []
    kept = f"{data}.{former}"
    if kept.rpartition("/")[2] in info["kept"]:
        problems.append(
            f"{owner}: {kept} is there already, and the data of version {former} shall be kept"
            " there. Remove it, or give it another name."
        )
    if info["tablespaces"]:
        problems.append(
            f"{owner}: {data} has {info['tablespaces']} tablespaces outside of it, which the way"
            " back would not bring back. Upgrade it by hand, as the manual of pg_upgrade says."
        )
    need = info["size"] + SPARE
    if transfer == COPY and info["free"] < need:
        problems.append(
            f"{owner}: {info['free'] >> 20} MiB are free beside {data}, and a copy needs"
            f" {info['size'] >> 20} + {SPARE >> 20} = {need >> 20}. Make the storage larger"
            " (playbook grow_storage), or, on a file system that can clone files such as XFS, say"
            " -e transfer=clone."
        )
    return problems


def _back(
    owner: str, info: Mapping[str, Any], data: str, former: str, wanted: str, _transfer: str
) -> list[str]:
    name = data.rpartition("/")[2]
    kept = info["kept"]
    if kept.get(f"{name}.{wanted}") != wanted:
        return [
            f"{owner}: {data} is of version {former}, and no data of version {wanted} were kept"
            f" beside it ({data}.{wanted}), so there is no way back. Write version:"
            f' "{former}".'
        ]
    if f"{name}.{former}" in kept:
        return [
            f"{owner}: {data}.{former} is there already, and the data of version {former} shall be"
            " kept there. Remove it, or give it another name."
        ]
    return []


def _upgrade_lines(
    name: str,
    owner: str,
    info: Mapping[str, Any],
    data: str,
    former: str,
    wanted: str,
    transfer: str,
) -> Iterator[str]:
    size = info["size"] >> 20
    what = f"copies {size} MiB" if transfer == COPY else f"clones {size} MiB"
    if info["begun"]:
        yield f"An earlier run began to upgrade {name}; this run finishes it."
    yield (
        f"1. {owner}, which runs {name}, makes an empty database of version {wanted}, and"
        f" pg_upgrade checks whether that of version {former} can become it. {name} runs."
    )
    yield "2. Maintenance mode begins: no node takes anything over until it ends."
    yield (
        f"3. The applications of {name} stop. pg_upgrade {what}. The data of version {former} stay"
        f" in {data}.{former}."
    )
    yield (
        f"4. Every node gets the configuration of version {wanted}. The applications start, and"
        " maintenance mode ends."
    )
    yield (
        f"5. The planner's statistics are gathered while {name} runs. Until then queries may be"
        " slow."
    )
    how = "the copy" if transfer == COPY else "the cloning"
    yield f"Expected downtime of {name}: a stop, {how}, and a start. No service moves."
    yield (
        f'The way back: write version: "{former}" again and run this again, as long as'
        f" {data}.{former} is there. What {name} acknowledged in between would be missing then."
    )


def _back_lines(
    name: str,
    owner: str,
    info: Mapping[str, Any],
    data: str,
    former: str,
    wanted: str,
    _transfer: str,
) -> Iterator[str]:
    if info["begun"]:
        yield f"An earlier run began to lead {name} back; this run finishes it."
    yield "1. Maintenance mode begins: no node takes anything over until it ends."
    yield (
        f"2. On {owner} the applications of {name} stop. The data of version {former} go to"
        f" {data}.{former}, and those of version {wanted} come back."
    )
    yield (
        f"3. Every node gets the configuration of version {wanted}. The applications start, and"
        " maintenance mode ends."
    )
    yield f"Expected downtime of {name}: a stop and a start. No service moves."
    yield (
        f"What {name} has acknowledged since the upgrade is NOT in it any more, only in"
        f" {data}.{former}."
    )
