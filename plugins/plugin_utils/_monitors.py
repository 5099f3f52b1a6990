# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is watched beside the services: ping targets, file systems, disks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import _net
from ._values import Problem, mapping, number, refuse, sequence, text, unique, whole

# As PING_GAP_S in the daemon's core/lease.py.
LEASE_GAP_S = 2.5
# Section: {name: (default, least, most)}; whole numbers have whole limits. As in the daemon.
LIMITS: dict[str, dict[str, tuple[float, float, float]]] = {
    "ping": {
        "needed": (1, 1, 10_000),
        "interval_s": (1.0, 0.1, 60.0),
        "deadline_s": (0.8, 0.05, 60.0),
        "confirmations": (3, 1, 100),
    },
    "space": {"interval_s": (10.0, 1.0, 3600.0)},
    "disk": {
        "interval_s": (10.0, 1.0, 3600.0),
        "deadline_s": (10.0, 1.0, 600.0),
        "confirmations": (2, 1, 100),
    },
}


def targets(
    value: Any, links: Sequence[Mapping[str, Any]], services: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the ping targets with their weights."""
    where = "failover_ping_targets"
    result = [_target(f"{where}[{index}]", raw) for index, raw in enumerate(sequence(where, value))]
    unique(where, [target["address"] for target in result], "address")
    own = _own(links, services)
    for index, target in enumerate(result):
        if target["address"] in own:
            refuse(
                f"{where}[{index}]",
                target["address"],
                f"is {own[target['address']]}; a target has to lie outside the cluster.",
            )
    return result


def read(value: Any, given_targets: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the settings that were given, by section."""
    where = "failover_monitors"
    item = mapping(where, value, optional=tuple(LIMITS))
    result = {}
    for section, limits in LIMITS.items():
        place = f"{where}.{section}"
        entry = mapping(place, item.get(section, {}), optional=tuple(limits))
        result[section] = {
            key: _number(f"{place}.{key}", raw, limits[key]) for key, raw in entry.items()
        }
    _ping(f"{where}.ping", result["ping"], given_targets)
    return {section: entry for section, entry in result.items() if entry}


def _number(where: str, raw: Any, limits: tuple[float, float, float]) -> float:
    default, least, most = limits
    if isinstance(default, int):
        return whole(where, raw, int(least), int(most))
    return number(where, raw, least, most)


def _ping(
    where: str, given: Mapping[str, float], given_targets: Sequence[Mapping[str, Any]]
) -> None:
    both = {key: given.get(key, limits[0]) for key, limits in LIMITS["ping"].items()}
    if both["deadline_s"] > both["interval_s"]:
        raise Problem(
            f"{where}.deadline_s: {both['deadline_s']:g} is longer than interval_s"
            f" ({both['interval_s']:g} s); the next round would begin before."
        )
    weight = sum(target["weight"] for target in given_targets)
    if given_targets and both["needed"] > weight:
        raise Problem(
            f"{where}.needed: {both['needed']:g} is more than all ping targets weigh together"
            f" ({weight}); the service LAN would always count as lost."
        )
    if given and not given_targets:
        raise Problem(f"{where}: of no use; failover_ping_targets names no address.")


def steady(where: str, given: Mapping[str, float]) -> None:
    """Refuse rounds so far apart that a watchdog's lease takes the pause for a loss."""
    both = {key: given.get(key, LIMITS["ping"][key][0]) for key in ("interval_s", "deadline_s")}
    if sum(both.values()) >= LEASE_GAP_S:
        raise Problem(
            f"{where}.interval_s: {both['interval_s']:g} plus deadline_s ({both['deadline_s']:g})"
            f" is not less than {LEASE_GAP_S:g}; a watchdog's lease lives on frequent answers."
        )


def _target(where: str, raw: Any) -> dict[str, Any]:
    item = raw if isinstance(raw, Mapping) else {"address": raw}
    item = mapping(where, item, required=("address",), optional=("weight",))
    try:
        address = _net.address(text(where, item["address"]))
    except ValueError:
        refuse(where, item["address"], "is not an IP address.")
    return {"address": address, "weight": whole(f"{where}.weight", item.get("weight", 1), 1, 100)}


def _own(
    links: Sequence[Mapping[str, Any]], services: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """The addresses of the cluster itself, which say nothing of the service LAN."""
    result = {}
    for link in links:
        for node, address in (link.get("address") or {}).items():
            if address:
                result[str(address)] = f"the address of {node} on link {link['name']}"
    for service in services:
        for address in service["addresses"]:
            result[str(address["ip"])] = f"an address of service {service['name']}"
    return result
