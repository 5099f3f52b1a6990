# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watchdog, lease and locks of a cluster: what they need to be a protection.

The arithmetic is the daemon's own (failoverd/rules/timing.py). All times in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ... import _monitors, _storage
from ..._daemon import Lease, Times, Timing, fencing, size, timing
from ..._inventory.guard import WATCHDOG
from ..._inventory.reading import Scope, attempt, every, known
from ..._problems import Problem, Problems

FIELDS = {"watchdog": "failover_watchdog.timeout_s", "handler_s": "failover_timing.handler_s"}
"""Fields of the arithmetic that are not the method's own."""


def watchdog(model: Any, scope: Scope) -> Any:
    """Return the watchdog; the method watchdog needs one, so it has defaults."""
    given = model["watchdog"]
    if given is not None or not any(m["method"] == "watchdog" for m in every(model["fencing"])):
        return given
    return known(attempt(scope, WATCHDOG.read, "failover_watchdog", {}, scope))


def carry(model: Any) -> None:
    """Refuse services whose heartbeats are too large, or too slow on a serial line."""
    links = model["links"]
    for node in model["nodes"]:
        field, rule = size.problem(
            model["cluster"],
            node,
            [link["name"] for link in links],
            [service["name"] for service in model["services"]],
            [link["baud"] for link in links if link["type"] == "serial"],
            float(model["timing"].get("dead_s", Timing().dead_s)),
        )
        if rule:
            raise Problem(f"failover_{field}: {rule}.")


def locks(found: Any, guard: Any, decides: bool) -> dict[str, float]:
    """Return the locks' durations with the defaults filled in; Problem if they cannot hold.

    decides: the method sfex excludes a peer by them.
    """
    reset = float(guard["timeout_s"]) if guard is not None and decides else 0.0
    renew, lease_s = found["renew_s"], found["lease_s"]
    times = Times(
        renew_s=renew,
        lease_s=lease_s,
        collision_s=found.get("collision_s", 1.5 * renew),
        timeout_s=found.get("timeout_s", max(10.0, timing.lock_least_s(lease_s, reset))),
    )
    field, rule = timing.lock_problem(times, reset)
    if rule:
        raise Problem(f"failover_sfex.{field}: {rule}.")
    return {key: getattr(times, key) for key in (*timing.LOCK, "timeout_s")}


def durations(given: Any) -> Timing:
    """The durations of the cluster with the defaults filled in."""
    return Timing(**dict(given.items()))


def timing_problem(given: Any) -> None:
    """Refuse durations that do not fit together."""
    field, rule = timing.timing_problem(durations(given))
    if rule:
        raise Problem(f"failover_timing.{field}: {rule}.")


def _lease(method: Any, guard: Any, given: Any, services: Any) -> None:
    """Refuse a lease that stops services too early or that proves nothing in time."""
    lease = Lease(
        lease_s=method["lease_s"],
        watchdog_s=float(guard["timeout_s"]),
        margin_s=method["margin_s"],
        window_s=method["window_s"],
    )
    replicated = any(_storage.of(service).replicated for service in services)
    field, rule = timing.lease_problem(lease, durations(given), replicated)
    if rule:
        place = FIELDS.get(field, f"{method['where']}.{field}")
        raise Problem(f"{place}: {rule}.")


def check(model: Any, problems: Problems) -> None:
    """Refuse methods that lack what they stand on."""
    methods, services = model["fencing"], model["services"]
    guard, lock_disk = model["watchdog"], model["sfex"]
    for method in methods:
        where = method["where"]
        if method["method"] == "watchdog":
            with problems:
                _monitors.steady(model["monitors"])
            with problems:
                if not every(model["ping_targets"]):
                    raise Problem(
                        f"{where}: watchdog needs failover_ping_targets; without one that it"
                        " reaches, no node may take over."
                    )
            for service in services:
                with problems:
                    if not every(service["addresses"]):
                        raise Problem(
                            f"{where}: watchdog cannot watch service {service['name']}, which has"
                            " no address: a standby asks the LAN whether somebody still has it."
                        )
            with problems:
                _lease(method, guard, model["timing"], services)
        if method["method"] == "sfex":
            for service in services:
                with problems:
                    if "lock" not in service["storage"]:
                        raise Problem(
                            f"{where}: sfex says nothing about service {service['name']}, which"
                            " has no lock; its storage must be of type shared, with failover_sfex."
                        )
    with problems:
        if lock_disk is not None and not any("lock" in s["storage"] for s in every(services)):
            raise Problem("failover_sfex: no service uses it; its storage must be of type shared.")


def notes(model: Mapping[str, Any]) -> list[str]:
    """S15: a head start that is shorter than a fence may take."""
    durations_of = durations(model["timing"])
    result = []
    for method in model["fencing"]:
        note = timing.head_start_note(durations_of, method["timeout_s"]) if method["agent"] else ""
        if note:
            result.append(
                f"failover_timing.fence_delay_s: {note}. Give more than {method['timeout_s']:g}, or"
                f" {method['where']}.timeout_s less than {durations_of.fence_delay_s:g} if the"
                " device is as fast as that."
            )
    return result


def risks(methods: Sequence[Any], guard: Any) -> dict[str, bool | None]:
    """Return for each risk of this file whether the cluster takes it, None if only nodes can tell.

    Whether a watchdog without a named driver is software, only its node knows.
    """
    names = [method["method"] for method in methods]
    unnamed = guard is not None and "module" not in guard
    software = guard is not None and guard.get("module") == fencing.SOFTWARE_DRIVER
    return {
        "software_watchdog": None if unnamed else software,
        "sfex_without_watchdog": fencing.unprotected(names, guard is not None),
    }
