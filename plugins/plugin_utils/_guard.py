# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watchdog, lease and locks of a cluster, and the arithmetic that makes them a protection.

The daemon judges its own files by the same rules (failoverd/exclusion.py); a test holds the two
together. All times in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import _timing
from ._values import Problem, mapping, name, number, path, per_node, refuse, whole

MARGIN_S = 2.0
"""Between the last moment at which a node may write and the first at which another may."""
SOFTWARE = "softdog"


def watchdog(value: Any, methods: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the watchdog; the method watchdog needs one, so it has defaults."""
    where = "failover_watchdog"
    if value is None:
        if not any(method["method"] == "watchdog" for method in methods):
            return None
        value = {}
    item = mapping(where, value, optional=("device", "timeout_s", "module"))
    result = {
        "device": path(f"{where}.device", item.get("device", "/dev/watchdog")),
        "timeout_s": whole(f"{where}.timeout_s", item.get("timeout_s", 10), 2, 600),
    }
    if "module" in item:
        result["module"] = name(f"{where}.module", item["module"])
    return result


def sfex(value: Any, nodes: Sequence[str]) -> dict[str, Any] | None:
    """Return the lock disk and the durations that were given."""
    where = "failover_sfex"
    if value is None:
        return None
    times = ("renew_s", "lease_s", "collision_s", "timeout_s")
    item = mapping(where, value, required=("disk",), optional=times)
    disks = per_node(f"{where}.disk", item["disk"], nodes)
    result: dict[str, Any] = {"disk": {n: path(f"{where}.disk", v) for n, v in disks.items()}}
    for node, disk in result["disk"].items():
        if not disk.startswith("/dev/"):
            refuse(f"{where}.disk.{node}", disk, "is not a device below /dev.")
    limits = {
        "renew_s": (0.1, 60),
        "lease_s": (0.3, 600),
        "collision_s": (0.1, 600),
        "timeout_s": (1, 3600),
    }
    for key in times:
        if key in item:
            result[key] = number(f"{where}.{key}", item[key], *limits[key])
    return result


def locks(found: Mapping[str, Any], guard: Mapping[str, Any] | None, decides: bool) -> Any:
    """Return the locks' durations with the defaults filled in; Problem if they cannot hold.

    decides: the method sfex excludes a peer by them.
    """
    where = "failover_sfex"
    renew = float(found.get("renew_s", 1.0))
    lease = float(found.get("lease_s", 5.0))
    collision = float(found.get("collision_s", 1.5 * renew))
    reset = float(guard["timeout_s"]) if guard is not None and decides else 0.0
    least = lease + reset + MARGIN_S
    timeout = float(found.get("timeout_s", max(10.0, least)))
    if lease < 3 * renew:
        raise Problem(
            f"{where}.lease_s: {lease:g} is less than three times renew_s ({3 * renew:g}); one slow"
            " write must not reset a node."
        )
    if collision <= renew:
        raise Problem(
            f"{where}.collision_s: {collision:g} is not longer than renew_s ({renew:g}); a node"
            " whose lock was overwritten has to notice before the other starts."
        )
    if timeout < least:
        with_reset = f" + watchdog {reset:g}" if reset else ""
        raise Problem(
            f"{where}.timeout_s: {timeout:g} is less than lease_s {lease:g}{with_reset} + margin"
            f" {MARGIN_S:g} = {least:g}; a lock must not be taken while its owner may still write."
        )
    return {"renew_s": renew, "lease_s": lease, "collision_s": collision, "timeout_s": timeout}


def lease(
    method: Mapping[str, Any],
    guard: Mapping[str, Any],
    given: Mapping[str, float],
    replicated: bool,
) -> None:
    """Refuse a lease that stops services too early or that proves nothing in time."""
    where = method["where"]
    timing = {key: given.get(key, limit[0]) for key, limit in _timing.LIMITS.items()}
    dead, beat = timing["dead_s"], timing["heartbeat_s"]
    lease_s, margin, window = method["lease_s"], method["margin_s"], method["window_s"]
    reset = float(guard["timeout_s"])
    takeover = lease_s + reset + margin
    if lease_s / 2 <= dead:
        raise Problem(
            f"{where}.lease_s: {lease_s:g} is too short; its first half ({lease_s / 2:g}) must be"
            f" longer than dead_s ({dead:g}), or a service stops before its peer even counts as"
            " silent."
        )
    if reset <= dead:
        raise Problem(
            f"failover_watchdog.timeout_s: {reset:g} is not longer than dead_s ({dead:g}); a pause"
            " that the peer tolerates must not reset the node."
        )
    # The clocks' rates may differ by 0.2 %; the rest is a heartbeat on its way at each end.
    least = 2 * beat + 0.002 * (lease_s + reset)
    if margin <= least:
        raise Problem(
            f"{where}.margin_s: {margin:g} is not larger than two heartbeats and the drift of the"
            f" clocks ({least:g}); lease_s + watchdog + margin_s = {takeover:g} is when the standby"
            " takes over."
        )
    wait = takeover + window + margin
    if replicated and timing["handler_s"] <= wait:
        raise Problem(
            f"failover_timing.handler_s: {timing['handler_s']:g} is not longer than lease_s +"
            f" watchdog + window_s + 2 margin_s ({wait:g}); DRBD would give up before the lease"
            " proves anything."
        )


def check(
    methods: Sequence[Mapping[str, Any]],
    services: Sequence[Mapping[str, Any]],
    guard: Mapping[str, Any] | None,
    lock_disk: Mapping[str, Any] | None,
    timing: Mapping[str, float],
    targets: Sequence[Any],
) -> None:
    """Refuse methods that lack what they stand on."""
    for method in methods:
        where = method["where"]
        if method["method"] == "watchdog" and guard is not None:
            if not targets:
                raise Problem(
                    f"{where}: watchdog needs failover_ping_targets; without one that it reaches,"
                    " no node may take over."
                )
            for service in services:
                if not service["addresses"]:
                    raise Problem(
                        f"{where}: watchdog cannot watch service {service['name']}, which has no"
                        " address: a standby asks the LAN whether somebody still has it."
                    )
            lease(method, guard, timing, any(s["storage"]["type"] == "drbd" for s in services))
        if method["method"] == "sfex":
            for service in services:
                if "lock" not in service["storage"]:
                    raise Problem(
                        f"{where}: sfex says nothing about service {service['name']}, which has no"
                        " lock; its storage must be of type shared."
                    )
    if lock_disk is not None and not any("lock" in s["storage"] for s in services):
        raise Problem("failover_sfex: no service uses it; its storage must be of type shared.")


def risks(methods: Sequence[Mapping[str, Any]], guard: Mapping[str, Any] | None) -> dict[str, bool]:
    """Return for each risk of this file whether the cluster takes it."""
    decides = any(method["method"] == "sfex" for method in methods)
    return {
        "software_watchdog": guard is not None and guard.get("module") == SOFTWARE,
        "sfex_without_watchdog": decides and guard is None,
    }
