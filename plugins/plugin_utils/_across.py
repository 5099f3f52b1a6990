# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two clusters of one inventory must not share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import _fencing, _services
from ._clusters import Cluster
from ._inventory.reading import Read
from ._problems import Problem, Problems

PLUGS = ("plug", "port", "uuid", "ipport", "udpport", "systems_uri", "switch", "devices")
"""Parameters that tell the outlets and machines of one device apart."""
BY_ID = "/dev/disk/by-id/"
"""Names that mean the same disk on every host."""


def check(own: Cluster, model: Read, others: Sequence[tuple[Cluster, Read]], to: Problems) -> None:
    """Add what a cluster shares with any other one; each sentence has a variable of its own."""
    for cluster, other in others:
        if cluster.name == own.name:
            to.add(
                f"failover_name: {own.name} is the name of two clusters, of the groups {own.group}"
                f" and {cluster.group}; give each a name of its own."
            )
        for facts in (_hosts, _devices, _addresses, _disks):
            theirs = dict(reversed(facts(other, to_nobody())))
            for fact, where in facts(model, to):
                if fact in theirs:
                    with to:
                        raise Problem(_sentence(fact, where, theirs[fact], cluster.name))


def to_nobody() -> Problems:
    """What is wrong with another cluster is told for that cluster."""
    return Problems()


Fact = tuple[str, ...]


def _sentence(fact: Fact, where: str, other: str, cluster: str) -> str:
    kind, shown = fact[0], fact[1]
    said = {
        "host": f"{shown} is the host of {other} of cluster {cluster}, too; a host belongs to one"
        " cluster.",
        "device": f"the same device as {other} of cluster {cluster}; fencing one node would cut"
        " the power of the other.",
        "address": f"{shown} is {other} of cluster {cluster}, too.",
        "disk": f"{shown} is {other} of cluster {cluster}, too; no disk belongs to two clusters.",
    }
    return f"{where}: {said[kind]}"


def _hosts(model: Read, problems: Problems) -> list[tuple[Fact, str]]:
    return [
        (("host", host, str(port)), "ansible_host")
        for host, port in zip(model["addresses"].values(), model["ports"].values(), strict=True)
    ]


def _devices(model: Read, problems: Problems) -> list[tuple[Fact, str]]:
    result: list[tuple[Fact, str]] = []
    with problems:
        for method in model["fencing"]:
            for node, key, address in _fencing.devices(method, problems):
                with problems:
                    told: Mapping[str, str] = {
                        **dict(method["parameters"].items()),
                        **dict(method["nodes"][node].items()),
                    }
                    plugs = [f"{plug}={told[plug]}" for plug in PLUGS if plug in told]
                    where = f"{method['where']}.nodes.{node}.{key}"
                    result.append((("device", address, *plugs), where))
    return result


def _addresses(model: Read, problems: Problems) -> list[tuple[Fact, str]]:
    result: list[tuple[Fact, str]] = []
    with problems:
        for service in model["services"]:
            with problems:
                for address in _services.addresses(service):
                    result.append((("address", address["ip"]), address["where"]))
    return result


def _disks(model: Read, problems: Problems) -> list[tuple[Fact, str]]:
    result: list[tuple[Fact, str]] = []
    with problems:
        for service in model["services"]:
            with problems:
                for disk in service["storage"]["disk"].values():
                    if disk.startswith(BY_ID):
                        result.append((("disk", disk), f"{service['where']}.storage.disk"))
    with problems:
        if model["sfex"] is not None:
            for disk in model["sfex"]["disk"].values():
                if disk.startswith(BY_ID):
                    result.append((("disk", disk), "failover_sfex.disk"))
    return result
