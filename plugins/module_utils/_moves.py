# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of planned moves: what is done in which order, what it costs, and what forbids it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Step = dict[str, Any]


def plan(
    status: Mapping[str, Any], seconds: Mapping[str, float], moves: Iterable[Mapping[str, str]]
) -> tuple[list[Step], list[str]]:
    """Return the steps in their order, and a sentence for each precondition that fails.

    moves: service and to, the node that is to run it, empty for whichever the engine chooses.
    seconds: how long a move of a service took when it was last measured.
    """
    steps: list[Step] = []
    problems: list[str] = []
    services = {service["name"]: service for service in status["services"]}
    if status["maintenance"]:
        problems.append(
            "maintenance: is on; nothing is moved until it ends (playbook maintenance)."
        )
    for move in moves:
        service = services.get(move["service"])
        if service is None:
            known = ", ".join(sorted(services)) or "none"
            problems.append(
                f"service: {move['service']} is not a service of the cluster; they are {known}."
            )
            continue
        step = _step(status, service, move["to"], seconds.get(service["name"]))
        steps.append(step)
        if step["from"] != step["to"]:
            problems += _forbidden(status, service, step)
    return steps, problems


def emptied(status: Mapping[str, Any], node: str) -> list[dict[str, str]]:
    """Return the moves that leave nothing on a node."""
    nodes = status["nodes"]
    other = next((name for name in nodes if name != node), "") if len(nodes) == 2 else ""
    here = [service["name"] for service in status["services"] if service.get("owner") == node]
    return [{"service": name, "to": other} for name in here]


def _step(
    status: Mapping[str, Any], service: Mapping[str, Any], to: str, seconds: float | None
) -> Step:
    nodes, owner = status["nodes"], service.get("owner") or ""
    if not to and len(nodes) == 2:
        to = next(node for node in nodes if node != owner)
    return {"service": service["name"], "from": owner, "to": to, "seconds": seconds}


def _forbidden(status: Mapping[str, Any], service: Mapping[str, Any], step: Step) -> Iterable[str]:
    name, to = step["service"], step["to"]
    if not step["from"] or service["state"] != "running":
        why = service.get("why") or "no reason is given"
        yield f"service {name}: is {service['state']}, so it cannot be moved: {why}."
    if not to:
        return
    if to not in status["nodes"]:
        yield f"to: {to} is not a node of the cluster; they are {', '.join(status['nodes'])}."
    elif to in status["silent"]:
        yield f"service {name}: {to} is not heard, so it cannot take it."
    elif to in status["standby"]:
        yield f"service {name}: {to} is in standby mode; end that first (playbook online)."
    else:
        # An engine may know more.
        standby = service.get("standby") or {}
        if standby.get("node") == to and not standby.get("able"):
            yield f"service {name}: {to} cannot take it: {standby.get('why') or 'no reason given'}."


def lines(steps: Iterable[Step]) -> list[str]:
    """Return the plan as lines for people."""
    result = []
    for number, step in enumerate(steps, 1):
        name, origin, to = step["service"], step["from"] or "no node", step["to"]
        if origin == to:
            result.append(f"{number}. {name} stays on {to}.")
            continue
        costs = "a time that was not measured yet"
        if step["seconds"] is not None:
            costs = f"about {step['seconds']:g} s, as when it was last measured"
        target = to or "the node that the engine chooses"
        result.append(f"{number}. {name} moves from {origin} to {target}; it is down for {costs}.")
    return result


class Downtimes:
    """Measures how long each service was down, from looks at the status."""

    def __init__(self) -> None:
        self._ran: dict[str, tuple[float, str]] = {}
        """When a service was last seen running, and where."""
        self._down: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        """The time of the last move of each service that was seen to move: no less than it was."""

    def look(self, status: Mapping[str, Any], now: float) -> None:
        """Take in a status of that time."""
        for service in status.get("services", ()):
            name, owner = service["name"], service.get("owner") or ""
            if service["state"] != "running" or not owner:
                if name in self._ran:
                    self._down.setdefault(name, self._ran[name][0])
                continue
            before, where = self._ran.get(name, (now, owner))
            if name in self._down or where != owner:
                self.seconds[name] = round(now - self._down.pop(name, before), 1)
            self._ran[name] = (now, owner)
