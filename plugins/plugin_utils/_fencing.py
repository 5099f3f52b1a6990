# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exclusion methods of a cluster: completing, checking, and what of them is a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import _net
from ._daemon import fencing, secrets, timing
from ._inventory.reading import Scope, put
from ._problems import Problem, Problems

LEASE = tuple(timing.LEASE)
NAMES = {"sfex": "sfex", "watchdog": "lease"}


def complete(methods: Sequence[Any], scope: Scope) -> None:
    """Give every method the same keys, and refuse names and devices that are used twice."""
    names: set[str] = set()
    for method in methods:
        if method["method"] != "stonith":
            # Without a device of its own.
            method.update(agent="", timeout_s=0.0, parameters={}, nodes={})
        put(scope, method, "name", _name, method)
        with scope.problems:
            if method["name"] in names:
                raise Problem(
                    f"{method['where']}.name: {method['name']} is used twice; it must be unique."
                )
            names.add(method["name"])
        with scope.problems:
            _apart(method, scope.nodes)
    for kind in fencing.ONCE:
        of_kind = [method for method in methods if method["method"] == kind]
        for method in of_kind[1:]:
            scope.problems.add(f"{method['where']}.method: {kind} is there twice; once is enough.")


def _name(method: Any) -> str:
    if "name" in method:
        return str(method["name"])
    return NAMES.get(method["method"]) or str(method["agent"]).removeprefix("fence_")


def _apart(method: Any, nodes: Sequence[str]) -> None:
    """One device that answers for both nodes needs something that tells their plugs apart."""
    seen: dict[str, str] = {}
    for node in nodes if method["agent"] else ():
        told = repr(sorted(method["nodes"][node].items()))
        if told in seen:
            raise Problem(
                f"{method['where']}.nodes.{node}: the same device as of {seen[told]}; fencing one"
                " node would cut the power of the other."
            )
        seen[told] = node


def check_addresses(
    methods: Sequence[Any],
    links: Sequence[Any],
    replication: Sequence[str],
    problems: Problems,
) -> None:
    """Refuse a device that is a node itself or hangs on a replication link (it dies with it)."""
    for method in methods:
        for node, key, address in devices(method, problems):
            for link in links:
                with problems:
                    where = f"{method['where']}.nodes.{node}.{key}"
                    _device(where, address, link, replication)


def devices(method: Any, problems: Problems) -> list[tuple[str, str, str]]:
    """Node, parameter and address of each device that is named by an address."""
    result = []
    with problems:
        for node in method["nodes"]:
            for key in fencing.DEVICE_KEYS:
                value = method["nodes"][node].get(key)
                try:
                    result.append((node, key, _net.address(value)))
                except ValueError:
                    continue  # A host name: only the network can tell.
    return result


def _device(where: str, address: str, link: Any, replication: Sequence[str]) -> None:
    if link["type"] != "udp":
        return
    for node, own in link["address"].items():
        if address == own:
            raise Problem(f"{where}: {address} is the address of {node} on link {link['name']}.")
    if link["name"] in replication:
        rule = fencing.device_problem(address, link["name"], link["network"])
        if rule:
            raise Problem(f"{where}: {rule}.")


def public(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters that may be read by anybody."""
    return {key: item for key, item in parameters.items() if not secrets.is_secret(key)}


def secret(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters that are kept in a file of their own."""
    return {key: item for key, item in parameters.items() if secrets.is_secret(key)}
