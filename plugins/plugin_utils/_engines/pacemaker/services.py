# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service as a group of resources, and where it may run.

The parts of a group start one after the other, and stop in the opposite order: the question for the
addresses, the lock of a shared disk, the mounted disk, the addresses, the applications. So an
application may bind to an address, and its clients are told of its end before the address goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import corosync, durations, elements, locks, replicas, streaming
from .elements import Element, name

HOME, SPARE = 2, 1
"""Where a service starts if it may start anywhere. Less than any stickiness."""
FAILBACK = 130_000
"""More than the stickiness of every part of a service, so that it goes back."""
LAN = 280_000
"""More than everything above. A node without the service LAN is not forbidden: if no node has it,
the service runs on where it is.

Of a service that follows a promoted copy Pacemaker adds all this up twice. A sum of 1,000,000 is
INFINITY, and of two nodes that both have it none is better: the service would never move."""
RESTARTS = 3
START_S, STOP_S = 120, 120
"""Of an application for which none is given."""
MOUNT_S, ADDRESS_S = 60, 20
ROOM = "failover-room"
"""Of a node: services that it may run. Of a service: 1."""


def ident(service: Mapping[str, Any]) -> str:
    """The id of the group."""
    return name(service["name"])


def resources(model: Mapping[str, Any]) -> list[Element]:
    """Everything that the services consist of."""
    return [
        element
        for index, service in enumerate(model["services"])
        for element in (
            *replicas.resources(model, service, _failures(model, service)),
            *streaming.resources(model, service, _failures(model, service)),
            _group(model, index),
        )
    ]


def constraints(model: Mapping[str, Any]) -> list[Element]:
    """Where the services may run."""
    return [
        constraint
        for service in model["services"]
        for constraint in (
            *_places(model, service),
            *replicas.constraints(model, service, ident(service)),
            *streaming.constraints(model, service, ident(service)),
        )
    ]


def room(model: Mapping[str, Any], node: str) -> int:
    """How many services may run on a node that share none: as many as belong on one node.

    Not a colocation: of two services that exclude each other, Pacemaker places a certain one
    first, and would stop the one that runs for the one that comes.
    """
    homes = [service["preferred"] for service in model["services"]]
    return homes.count(node) or max(map(homes.count, homes))


def _priority(index: int, count: int) -> int:
    """What the fencing delay adds up for a node. No two sums are equal, however they run."""
    return int(2 ** min(count - 1 - index, 19))


def _group(model: Mapping[str, Any], index: int) -> Element:
    service = model["services"][index]
    parts = [
        *_checks(model, service),
        *locks.resources(model, service),
        *_storage(model, service),
        *_addresses(model, service),
        *_applications(model, service),
    ]
    # On one part alone: what is on the group counts once for each of its parts.
    first, owner = parts[0], str(parts[0].get("id"))
    if corosync.two_alone(model):
        priority = _priority(index, len(model["services"]))
        first.insert(0, elements.nvset("meta_attributes", owner, {"priority": priority}))
    if not model["pacemaker"]["share"]:
        first.append(elements.nvset("utilization", owner, {ROOM: 1}))
    stays = {"resource-stickiness": model["pacemaker"]["stickiness"]}
    return elements.around("group", ident(service), parts, {**stays, **_failures(model, service)})


def _failures(model: Mapping[str, Any], service: Mapping[str, Any]) -> dict[str, object]:
    """After how many failures a part moves, and when they are forgotten."""
    expiry = service.get("failure_expiry_s", durations.given(model, "failure_expiry_s"))
    return {
        # Pacemaker counts the failure that makes it move, too.
        "migration-threshold": service.get("restarts", RESTARTS) + 1,
        "failure-timeout": f"{durations.seconds(expiry)}s",
    }


def _ops(model: Mapping[str, Any], start_s: float, stop_s: float) -> list[dict[str, str]]:
    interval = durations.seconds(model["pacemaker"]["monitor_s"])
    watch = durations.seconds(min(start_s, 60))
    return [
        {"name": "start", "interval": "0", "timeout": f"{durations.seconds(start_s)}s"},
        # What cannot be stopped may still write: the node is switched off.
        {
            "name": "stop",
            "interval": "0",
            "timeout": f"{durations.seconds(stop_s)}s",
            "on-fail": "fence",
        },
        {"name": "monitor", "interval": f"{interval}s", "timeout": f"{watch}s"},
    ]


def _checks(model: Mapping[str, Any], service: Mapping[str, Any]) -> list[Element]:
    """What asks the LAN for the addresses, before anything of the service is touched."""
    made = []
    for address in service["addresses"] if model["pacemaker"]["vipcheck"] else ():
        owner = name(service["name"], "check", address["ip"])
        per_node = {
            node: {"ip": address["ip"], "nic": address["interface"][node]}
            for node in model["nodes"]
        }
        made.append(
            elements.primitive(
                owner,
                "ocf:failover:vipcheck",
                elements.by_node(owner, per_node),
                ops=_ops(model, ADDRESS_S, ADDRESS_S),
            )
        )
    return made


def _storage(model: Mapping[str, Any], service: Mapping[str, Any]) -> list[Element]:
    storage, owner = service["storage"], name(service["name"], "mount")
    if not storage["mount"]:
        return []
    per_node = {
        node: {
            "device": storage.get("device") or storage["disk"][node],
            "directory": storage["mount"],
            "fstype": storage["filesystem"],
            "options": storage["options"],
        }
        for node in model["nodes"]
    }
    return [
        elements.primitive(
            owner,
            "ocf:heartbeat:Filesystem",
            elements.by_node(owner, per_node),
            ops=_ops(model, MOUNT_S, MOUNT_S),
        )
    ]


def _addresses(model: Mapping[str, Any], service: Mapping[str, Any]) -> list[Element]:
    made = []
    for address in service["addresses"]:
        owner = name(service["name"], "address", address["ip"])
        prefix = address["address"].partition("/")[2]
        per_node = {
            node: {
                "ip": address["ip"],
                "cidr_netmask": prefix,
                "nic": address["interface"][node],
            }
            for node in model["nodes"]
        }
        made.append(
            elements.primitive(
                owner,
                "ocf:heartbeat:IPaddr2",
                elements.by_node(owner, per_node),
                ops=_ops(model, ADDRESS_S, ADDRESS_S),
            )
        )
    return made


def _applications(model: Mapping[str, Any], service: Mapping[str, Any]) -> list[Element]:
    own = [one for one in service["applications"] if not streaming.runs(service, one)]
    by_name = {one["name"]: one for one in own}
    places = list(by_name)
    # The order of the list, as far as what comes after what leaves it free.
    after = {one["name"]: tuple(set(one["after"]) & set(places)) for one in own}
    return [_application(model, service, by_name[each]) for each in _steady(places, after)]


def _steady(names: Sequence[str], after: Mapping[str, Sequence[str]]) -> list[str]:
    """Names so that each comes behind what it needs, else in their own order."""
    made: list[str] = []
    while len(made) < len(names):
        made.append(next(one for one in names if one not in made and set(after[one]) <= set(made)))
    return made


def _application(
    model: Mapping[str, Any], service: Mapping[str, Any], application: Mapping[str, Any]
) -> Element:
    owner = name(service["name"], "application", application["name"])
    agent, parameters = program(application)
    ops = _ops(
        model,
        application.get("start_timeout_s", START_S),
        application.get("stop_timeout_s", STOP_S),
    )
    made = [elements.nvset("instance_attributes", owner, parameters)] if parameters else []
    return elements.primitive(owner, agent, made, ops=ops)


def program(application: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The agent that runs an application, and its parameters."""
    if application["kind"] == "ocf":
        return f"ocf:{application['agent']}", application["parameters"]
    if application["kind"] == "lsb":
        return f"lsb:{application['script']}", {}
    return f"systemd:{application['unit'].removesuffix('.service')}", {}


def _places(model: Mapping[str, Any], service: Mapping[str, Any]) -> list[Element]:
    owner, home = ident(service), service["preferred"]
    score = FAILBACK if service.get("failback") == "automatic" else HOME
    made = [elements.location(f"{owner}.home", owner, home, str(score))]
    for node in model["pacemaker"]["standby"]:
        if node != home:
            made.append(elements.location(f"{owner}.spare.{node}", owner, node, str(SPARE)))
    if service["addresses"]:
        made += elements.on_the_lan(model, owner, LAN)
    return made
