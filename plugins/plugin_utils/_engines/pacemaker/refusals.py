# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this engine cannot do, each with the engine that can."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from ..._inventory.reading import every
from ..._problems import Problem, Problems
from . import corosync, durations, replicas

AGENT = "leave it out, or take the engine agent (failover_engine)"
READABLE = ("12",)
"""Debian whose Pacemaker writes node states that DRBD's handler (drbd-utils 9.22) can read. From
2.1.7 they are times, which it takes for a node that is about to be fenced."""


def given(model: Any, problems: Problems) -> None:
    """Refuse values as they were written, before anything is filled in."""
    for key in model["timing"]:
        if key not in durations.OBEYED:
            problems.add(f"failover_timing.{key}: means nothing to the engine pacemaker; {AGENT}.")
    for key in model["monitors"]:
        if key != "ping":
            problems.add(
                f"failover_monitors.{key}: the engine pacemaker has no such monitor; {AGENT}."
            )
    with problems:
        if "no_exclusion" in every(model["unsafe"]):
            raise Problem(
                "failover_unsafe: no_exclusion is a risk that the engine pacemaker does not take;"
                " give failover_fencing a device of each node, or take the engine agent"
                " (failover_engine)."
            )
    for target in model["ping_targets"]:
        with problems:
            if target["weight"] != 1:
                raise Problem(
                    f"{target['where']}.weight: the engine pacemaker counts every target once;"
                    f" {AGENT}."
                )
    for service in model["services"]:
        with problems:
            if "failback_delay_s" in service:
                raise Problem(
                    f"{service['where']}.failback_delay_s: the engine pacemaker goes back at once;"
                    f" {AGENT}."
                )
        with problems:
            for application in service["applications"]:
                with problems:
                    _application(application)


def _application(application: Any) -> None:
    where = application["where"]
    if "monitor" in application:
        raise Problem(
            f"{where}.monitor: the engine pacemaker asks the agent of an application, or systemd,"
            f" and puts no question of its own; {AGENT}."
        )
    if application["kind"] == "ocf" and application["promoted"]:
        raise Problem(
            f"{where}.promoted: the engine pacemaker does not promote an application yet; {AGENT}."
        )


def completed(model: Any, problems: Problems) -> None:
    """Refuse what only the completed model tells."""
    with problems:
        durations.check(model)
    with problems:
        _links(model)
    for method in model["fencing"]:
        with problems:
            if method["method"] != "stonith":
                raise Problem(
                    f"{method['where']}.method: the engine pacemaker excludes a node by a fence"
                    f" device, not by {method['method']}; {AGENT}."
                )
    for service in model["services"]:
        with problems:
            if replicas.replicated(service):
                _pair(service)
    with problems:
        _standby(model)
    with problems:
        if not model["pacemaker"]["share"] and len(model["nodes"]) == 2:
            raise Problem(
                "failover_pacemaker.share: false needs a third node; of two, each would keep to its"
                " own services, and nobody would take over."
            )
    with problems:
        _numbers(model["nodes"])


def _links(model: Any) -> None:
    links = every(model["links"])
    for link in links:
        if link["type"] == "serial":
            raise Problem(f"{link['where']}: Corosync has no serial link; {AGENT}.")
    if len(links) > corosync.LINKS:
        raise Problem(
            f"failover_links: {len(links)} links are too many; Corosync has at most"
            f" {corosync.LINKS}."
        )


def _pair(service: Any) -> None:
    having, home = service["storage"]["nodes"], service["preferred"]
    if len(having) != replicas.COPIES:
        raise Problem(
            f"{service['where']}.storage.disk: names the disks of {len(having)} nodes; drbd"
            " replicates between two. Name the two nodes with their disks."
        )
    if home not in having:
        raise Problem(
            f"{service['where']}.preferred: {home} has no disk of the service; take"
            f" {' or '.join(having)}, or name a disk of it in storage.disk."
        )


def _standby(model: Any) -> None:
    settings, nodes = model["pacemaker"], model["nodes"]
    for index, node in enumerate(every(settings["standby"])):
        where = f"failover_pacemaker.standby[{index}]"
        if node not in nodes:
            raise Problem(f"{where}: {node} is not a node; they are {', '.join(nodes)}.")
        for service in model["services"]:
            if service["preferred"] == node:
                raise Problem(
                    f"{where}: {node} is the preferred node of service {service['name']}; give the"
                    " service another one, or take the node out of standby."
                )


def _numbers(nodes: Any) -> None:
    for one, other in itertools.combinations(nodes, 2):
        if corosync.number(one) == corosync.number(other):
            raise Problem(
                f"failover_engine: {one} and {other} would have the same number in Corosync, which"
                " follows from their names; give one of them another name."
            )


def hosts(model: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a node that has a cluster of others, or calls itself otherwise than the inventory
    does. Raises Problem."""
    for node in model["nodes"]:
        told = found[node].get("engines", {}).get("pacemaker", {})
        if told.get("corosync") == "foreign" or told.get("strange"):
            what = ", ".join(told.get("strange", [])[:5]) or "/etc/corosync/corosync.conf"
            raise Problem(
                f"{node}: has a cluster that failover.cluster did not make ({what}); it is never"
                " overwritten. Take another node, or remove that cluster first."
            )
        _handler(model, node, found[node])
        own = found[node]["nodename"]
        if own != node:
            raise Problem(
                f"{node}: calls itself {own}; Pacemaker and its agents know a node by its own name."
                f" Write {own} in the inventory (ansible_host has its address), or give the host"
                f" the name {node} (hostnamectl set-hostname {node})."
            )


def _handler(model: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> None:
    """Without its handler DRBD would freeze for good when its peer is lost."""
    for service in filter(replicas.replicated, model["services"]):
        version = info["os"]["version"]
        if version in READABLE:
            continue
        raise Problem(
            f"{service['where']}.storage.type: {node} runs Debian {version}, where DRBD's"
            " handler crm-fence-peer cannot read the state of a node that Pacemaker writes; take"
            f" Debian {' or '.join(READABLE)}, a shared disk, or the engine agent"
            " (failover_engine)."
        )
