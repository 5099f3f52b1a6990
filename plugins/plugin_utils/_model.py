# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the variables of an inventory into the checked model of one cluster. No I/O."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from . import (
    _fencing,
    _guard,
    _links,
    _listening,
    _monitors,
    _net,
    _notifications,
    _numbers,
    _postgresql,
    _services,
    _timing,
)
from ._membership import VARIABLES
from ._values import Problem, flag, merge, refuse, sequence, text

ENGINES = ("agent", "pacemaker")
UNSAFE = {
    "no_exclusion": "failover_fencing is empty, so no peer can ever be excluded",
    "single_link": "failover_links holds one link, so one cable decides",
    "software_watchdog": "the watchdog is software and does not fire in a machine that is frozen",
    "sfex_without_watchdog": "failover_watchdog is missing, so a frozen owner goes on writing when"
    " it wakes up after its lock was taken",
}


def build(
    cluster: str,
    nodes: Sequence[str],
    variables: Mapping[str, Mapping[str, Any]],
    found: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the model; its fencing parameters still hold their secrets.

    variables holds for each node what its inventory variables say. found, once the nodes were
    asked, holds for each node {"nodename": ..., "interfaces": {name: [address/prefix]}}.
    Raises Problem with one sentence for the first wrong value.
    """
    _net.need()
    for node in nodes:
        for key in variables[node]:
            # Other roles may have variables that begin alike; only a slip of the pen is refused.
            alike = difflib.get_close_matches(key, VARIABLES, 1, 0.85)
            if key.startswith("failover_") and key not in VARIABLES and alike:
                raise Problem(f"{key}: unknown variable; {alike[0]} may be meant.")
    given = _merged(nodes, variables)
    engine = text("failover_engine", given.get("failover_engine", "agent"), ENGINES)
    if engine != "agent":
        refuse("failover_engine", engine, "is not available in this version; use agent.")
    if len(nodes) != 2:
        refuse(
            "failover_engine",
            engine,
            f"runs on exactly two nodes, but cluster {cluster} has {len(nodes)}"
            f" ({', '.join(nodes)}).",
        )
    for key in ("failover_links", "failover_services"):
        if given.get(key) is None:
            raise Problem(f"{key}: missing; cluster {cluster} needs it.")
    _apart(nodes, variables)
    unsafe = [
        text(f"failover_unsafe[{i}]", word, tuple(UNSAFE))
        for i, word in enumerate(sequence("failover_unsafe", given.get("failover_unsafe") or []))
    ]
    timing = _timing.read(given.get("failover_timing") or {})
    links = _links.read(given["failover_links"], nodes)
    lock_disk = _guard.sfex(given.get("failover_sfex"), nodes)
    services = _services.read(given["failover_services"], nodes, links, lock_disk)
    fencing = _fencing.read(given.get("failover_fencing") or [], nodes)
    guard = _guard.watchdog(given.get("failover_watchdog"), fencing)
    _safe(links, fencing, guard, unsafe)
    decides = any(method["method"] == "sfex" for method in fencing)
    if lock_disk is not None:
        lock_disk["times"] = _guard.locks(lock_disk, guard, decides)
    if found is not None:
        _links.fill(links, found, [a["ip"] for s in services for a in s["addresses"]])
        _links.check(links, nodes)
        _interfaces(services, found)
    _numbers.assign(services, found)
    _services.place(services, links)
    _listening.assign(services)
    _postgresql.complete(services, found)
    targets = _monitors.targets(given.get("failover_ping_targets") or [], links, services)
    monitors = _monitors.read(given.get("failover_monitors") or {}, targets)
    if any(method["method"] == "watchdog" for method in fencing):
        _monitors.steady("failover_monitors.ping", monitors.get("ping", {}))
    _guard.check(fencing, services, guard, lock_disk, timing, targets)
    replication = [s["storage"]["link"] for s in services if s["storage"]["link"]]
    _fencing.check_addresses(fencing, links, replication)
    return {
        "cluster": cluster,
        "engine": engine,
        "nodes": list(nodes),
        "hostnames": {n: found[n]["nodename"] for n in nodes} if found else {},
        "links": links,
        "fencing": fencing,
        "watchdog": guard,
        "sfex": lock_disk,
        "services": services,
        "timing": timing,
        "power_on": flag("failover_power_on", given.get("failover_power_on", True)),
        "ping_targets": targets,
        "monitors": monitors,
        "notifications": _notifications.read(given.get("failover_notifications") or []),
        "unsafe": unsafe,
    }


def _merged(nodes: Sequence[str], variables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    keys = [key for key in VARIABLES if any(key in variables[node] for node in nodes)]
    for key in keys:
        for node in nodes:
            if key not in variables[node]:
                raise Problem(f"{key}: missing on {node}; every node of a cluster needs it.")
    return {key: merge({node: variables[node][key] for node in nodes}) for key in keys}


def _apart(nodes: Sequence[str], variables: Mapping[str, Mapping[str, Any]]) -> None:
    seen: dict[str, str] = {}
    for node in nodes:
        host = str(variables[node].get("ansible_host", node))
        port = str(variables[node].get("ansible_port", ""))
        where = f"{host}:{port}"
        if where in seen:
            refuse("ansible_host", host, f"is the address of both {seen[where]} and {node}.")
        seen[where] = node


def _safe(
    links: Sequence[Mapping[str, Any]],
    fencing: Sequence[Mapping[str, Any]],
    guard: Mapping[str, Any] | None,
    unsafe: Sequence[str],
) -> None:
    if not links:
        raise Problem("failover_links: empty; the nodes must hear each other.")
    taken = {"no_exclusion": not fencing, "single_link": len(links) < 2}
    taken.update(_guard.risks(fencing, guard))
    for word, wrong in taken.items():
        if wrong and word not in unsafe:
            raise Problem(
                f"{UNSAFE[word]}; give what is missing, or accept the risk with"
                f" failover_unsafe: [{word}]."
            )
        # Whether a watchdog without a named driver is software, only its node can tell.
        unknown = word == "software_watchdog" and guard is not None and "module" not in guard
        if not wrong and word in unsafe and not unknown:
            raise Problem(f"failover_unsafe: {word} is not needed here; leave it out.")


def _interfaces(
    services: Sequence[Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]
) -> None:
    for service in services:
        for address in service["addresses"]:
            for node, interface in address["interface"].items():
                if interface not in found[node]["interfaces"]:
                    refuse(f"{address['where']}.interface", interface, f"does not exist on {node}.")
