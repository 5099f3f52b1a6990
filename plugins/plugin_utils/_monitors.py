# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the numbers of the monitors fit together, and which ping targets say something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._daemon import monitors
from ._inventory.reading import every
from ._problems import Problem, Problems, refuse

PING = "failover_monitors.ping"


def check_targets(
    targets: Any, links: Sequence[Any], services: Sequence[Any], problems: Problems
) -> None:
    """Refuse a target that is named twice, or that is the cluster itself."""
    seen: set[str] = set()
    own = _own(links, services, problems)
    for target in targets:
        with problems:
            where, address = target["where"], target["address"]
            if address in seen:
                raise Problem(f"{where}.address: {address} is used twice; it must be unique.")
            seen.add(address)
            if address in own:
                said = "a target has to lie outside the cluster."
                refuse(where, address, f"is {own[address]}; {said}")


def check(given: Any, targets: Any) -> None:
    """Refuse numbers of the pings that do not fit together."""
    ping = given.get("ping", {})
    weight = sum(target["weight"] for target in every(targets))
    both = _pings(ping)
    field, rule = monitors.ping_problem(
        both["needed"], both["interval_s"], both["deadline_s"], weight
    )
    if rule:
        raise Problem(f"{PING}.{field}: {rule}.")
    if ping and not targets:
        raise Problem(f"{PING}: of no use; failover_ping_targets names no address.")


def steady(given: Any) -> None:
    """Refuse rounds so far apart that a watchdog's lease takes the pause for a loss."""
    both = _pings(given.get("ping", {}))
    field, rule = monitors.steady_problem(both["interval_s"], both["deadline_s"])
    if rule:
        raise Problem(f"{PING}.{field}: {rule}.")


def _pings(ping: Any) -> dict[str, float]:
    return {key: ping.get(key, limits[0]) for key, limits in monitors.LIMITS["ping"].items()}


def _own(links: Sequence[Any], services: Sequence[Any], problems: Problems) -> dict[str, str]:
    """The addresses of the cluster itself, which say nothing of the service LAN."""
    result = {}
    for link in links:
        with problems:
            for node, address in link.get("address", {}).items():
                result[str(address)] = f"the address of {node} on link {link['name']}"
    for service in services:
        with problems:
            for address in service["addresses"]:
                result[str(address["ip"])] = f"an address of service {service['name']}"
    return result
