# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a silent node is excluded in a proposal: by a device, by the watchdog lease, or not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .._daemon import Lease, Timing
from .._daemon import fencing as rules
from .findings import Findings
from .hosts import Host
from .inventory import Inventory, variable
from .timing import fitting


def device(agent: str, nodes: Mapping[str, Mapping[str, str]], shared: bool) -> dict[str, Any]:
    """Return a method that switches by a fence agent; what is secret is left to be defined.

    shared: one device has a socket for each node.
    """
    stem = agent.removeprefix("fence_")
    return {
        "method": "stonith",
        "agent": agent,
        "nodes": {
            node: {**({"plug": variable(f"{stem}_plug", node)} if shared else {}), **given}
            for node, given in nodes.items()
        },
        "parameters": {
            "username": variable(f"vault_{stem}", "username"),
            "password": variable(f"vault_{stem}", "password"),
        },
    }


def complete(
    inventory: Inventory,
    hosts: Sequence[Host],
    wanted: bool,
    where: str,
    findings: Findings,
    cluster: bool = True,
) -> None:
    """Fill in what keeps a silent node from writing, or say that nothing does.

    wanted: the old cluster had a watchdog that reset its node. cluster: it was one at all.
    """
    variables = inventory.variables
    services = variables.get("failover_services", [])
    watched = {host.name: host.answer.get("watchdog") or {} for host in hosts}
    having = all(told.get("exists") for told in watched.values())
    leased = bool(variables.get("failover_ping_targets")) and all(
        service.get("addresses") for service in services
    )
    if not variables.get("failover_fencing"):
        if cluster:
            findings.add(
                "danger",
                where,
                "nothing excluded a silent node. When the links broke, both nodes ran the services"
                " and wrote to their own copy of the data.",
            )
        if wanted and having and leased:
            _lease(inventory, findings)
        else:
            findings.add(
                "decide",
                "failover_fencing",
                "the proposal has no method, so a service whose node falls silent waits until you"
                " confirm that the node is off (failover.cluster.confirm_fenced). Give a fence"
                " device for each node; or the method watchdog, which needs a watchdog on both"
                " nodes, ping targets, and an address for each service (docs/fencing.md).",
            )
    if wanted and having:
        variables.setdefault("failover_watchdog", {"device": "/dev/watchdog", "timeout_s": 10})
    elif wanted:
        findings.add(
            "dropped",
            where,
            "not every node has a watchdog at the moment. Load its driver, and give it as"
            " failover_watchdog.",
        )
    soft = [n for n, told in watched.items() if told.get("identity") == rules.SOFTWARE_IDENTITY]
    if soft and "failover_watchdog" in variables:
        variables["failover_watchdog"]["module"] = rules.SOFTWARE_DRIVER
        findings.add(
            "danger",
            "failover_watchdog",
            f"the watchdog of {' and '.join(soft)} is software, which dies with a kernel that is"
            " frozen. Take one of hardware if there is one.",
        )
    _risks(inventory, findings)


def _lease(inventory: Inventory, findings: Findings) -> None:
    """The watchdog lease with durations that fit to the others."""
    variables = inventory.variables
    timing = {**variables.get("failover_timing", {})}
    dead = timing.get("dead_s", Timing().dead_s)
    beat = timing.get("heartbeat_s", Timing().heartbeat_s)
    lease = max(Lease().lease_s, 2.0 * dead + 2)
    watchdog = max(10, math.ceil(dead) + 2)
    margin = max(Lease().margin_s, round(2 * beat + 0.002 * (lease + watchdog) + 0.5, 1))
    wait = lease + watchdog + Lease().window_s + 2 * margin
    if timing.get("handler_s", Timing().handler_s) <= wait:
        timing["handler_s"] = math.ceil(wait) + 5
        variables["failover_timing"] = fitting(timing)
    variables["failover_fencing"] = [
        {"method": "watchdog", "lease_s": _short(lease), "margin_s": _short(margin)}
    ]
    variables["failover_watchdog"] = {"device": "/dev/watchdog", "timeout_s": watchdog}
    findings.add(
        "changed",
        "failover_fencing",
        "the watchdog becomes a lease: a node that hears neither its peer nor a ping target stops"
        f" its services within {lease:g} s or is reset, and the other takes over after"
        f" {lease + watchdog + margin:g} s.",
    )


def _short(value: float) -> float:
    return int(value) if value == int(value) else value


def _risks(inventory: Inventory, findings: Findings) -> None:
    """Accept by name what the old cluster had as well; validation asks for these words."""
    variables = inventory.variables
    unsafe = []
    if not variables.get("failover_fencing"):
        unsafe.append("no_exclusion")
    if len(variables.get("failover_links", [])) < 2:
        unsafe.append("single_link")
        findings.add(
            "danger",
            "failover_links",
            "there is one heartbeat link. One cable, port or switch decides whether the nodes hear"
            " each other. Add a second one, and take single_link out of failover_unsafe.",
        )
    if (variables.get("failover_watchdog") or {}).get("module") == rules.SOFTWARE_DRIVER:
        unsafe.append("software_watchdog")
    if unsafe:
        variables["failover_unsafe"] = unsafe
