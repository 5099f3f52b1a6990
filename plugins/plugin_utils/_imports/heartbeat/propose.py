# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that describes a Heartbeat cluster, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ... import _net
from .. import links as heartbeat_links
from .. import protection, text, timing
from ..drbd import described
from ..drbd import resources as drbd
from ..findings import Findings
from ..hosts import Host
from ..inventory import Inventory, judged
from ..inventory import address as one_form
from . import fencing, group, ha_cf, haresources, media, membership, remarks, resources

USUAL_DEAD_S = 30.0
"""What Heartbeat waits if ha.cf has no deadtime."""


def propose(hosts: Sequence[Host], cluster: str, findings: Findings) -> Inventory | None:
    """Return the inventory, None if none can describe the cluster. cluster: its name, or ""."""
    configs = {h.name: ha_cf.parse(h.text("heartbeat", "ha.cf")) for h in hosts}
    groups = {h.name: haresources.parse(h.text("heartbeat", "haresources")) for h in hosts}
    if not membership.readable(hosts, configs, groups, findings):
        return None
    first = hosts[0]
    config, own = configs[first.name], groups[first.name]
    nodes = _ordered(hosts, config)
    remarks.keys(hosts, findings)
    remarks.directives(config, findings)
    volumes = described.resources(hosts, findings)
    parts = [_parts(one, nodes, volumes, findings) for one in own]
    virtual = [one["address"].partition("/")[0] for part in parts for one in part.addresses]
    links = heartbeat_links.Links(nodes, virtual)
    media.build(configs, nodes, links, findings)
    made: list[dict[str, Any]] = []
    for part in parts:
        service = group.service(part, nodes, links, volumes, [one["name"] for one in made])
        if service is not None:
            made.append(_policy(service, config))
    if findings.refused:
        return None
    if not links.all():
        findings.add(
            "refused",
            "ha.cf",
            "no path of the heartbeats leads from one node to the other. Correct bcast, ucast,"
            " mcast or serial, and import again.",
        )
        return None
    inventory = Inventory(cluster or made[0]["name"], nodes)
    _variables(inventory, config, links, made, parts, virtual, findings)
    judged(inventory, findings)
    return inventory


def _ordered(hosts: Sequence[Host], config: ha_cf.Config) -> list[Host]:
    """The hosts in the order of ha.cf."""
    return sorted(
        hosts,
        key=lambda h: config.nodes.index(h.name.lower()) if h.name.lower() in config.nodes else 99,
    )


def _parts(
    of: haresources.Group,
    nodes: list[Host],
    volumes: Mapping[str, drbd.Resource],
    findings: Findings,
) -> resources.Parts:
    parts = resources.Parts(of, nodes, volumes, findings, f"haresources line {of.line}")
    resources.collect(parts)
    return parts


def _policy(service: dict[str, Any], config: ha_cf.Config) -> dict[str, Any]:
    if config.auto_failback != "off":
        service["failback"] = "automatic"
    return service


def _variables(
    inventory: Inventory,
    config: ha_cf.Config,
    links: heartbeat_links.Links,
    made: list[dict[str, Any]],
    parts: Sequence[resources.Parts],
    virtual: Sequence[str],
    findings: Findings,
) -> None:
    variables = inventory.variables
    if config.auto_failback != "off":
        said = (
            f"auto_failback is {config.auto_failback}"
            if config.auto_failback
            else ("auto_failback is not given, which means legacy")
        )
        findings.add(
            "danger",
            "ha.cf",
            f"{said}: a service goes back as soon as its node returns, which interrupts it once"
            " more, and again with each crash of a node that is not well. The proposal waits 300 s"
            " before it goes back; failback: manual leaves that to you.",
        )
    variables["failover_links"] = links.all()
    variables["failover_services"] = made
    old = timing.Old(
        config.times.get("keepalive"), config.times.get("deadtime"), config.times.get("initdead")
    )
    durations = timing.carry(old, "ha.cf", USUAL_DEAD_S, findings)
    if durations:
        variables["failover_timing"] = durations
    targets = _targets(config, inventory, virtual, findings)
    if targets:
        variables["failover_ping_targets"] = targets
    methods = fencing.methods(config, inventory, findings)
    if methods:
        variables["failover_fencing"] = methods
    mails = list(dict.fromkeys(mail for part in parts for mail in part.mails))
    if mails:
        variables["failover_notifications"] = [{"method": "mail", "to": mails, "from": mails[0]}]
        findings.add(
            "changed",
            "haresources",
            f"mail goes to {', '.join(mails)} for each alert, and no more at each start and stop."
            f" It comes from {mails[0]}; write another sender if you like.",
        )
    protection.complete(inventory, inventory.hosts, bool(config.watchdog), "ha.cf", findings)


def _targets(
    config: ha_cf.Config, inventory: Inventory, virtual: Sequence[str], findings: Findings
) -> list[str]:
    own = {
        _net.host(one)
        for host in inventory.hosts
        for addresses in host.interfaces.values()
        for one in addresses
    } | set(virtual)
    result: list[str] = []
    for target in [one for of_one in config.pings for one in of_one]:
        ip = one_form(target)
        if not ip:
            findings.add(
                "dropped",
                "ha.cf",
                f"the ping node {text.shown(target)} is no IP address; write its address under"
                " failover_ping_targets.",
            )
        elif _net.special(ip):
            findings.add("dropped", "ha.cf", f"the ping node {ip} is a {_net.special(ip)} address.")
        elif ip in own:
            findings.add(
                "dropped",
                "ha.cf",
                f"the ping node {ip} is an address of the cluster itself, which"
                " says nothing of the LAN.",
            )
        elif ip not in result:
            result.append(ip)
    if len([of_one for of_one in config.pings if of_one]) > 1 and len(result) > 1:
        findings.add(
            "changed",
            "ha.cf",
            "each ping node counted, and the node that reached more of them won. In the new cluster"
            " one answer of all targets is enough (failover_monitors.ping.needed).",
        )
    return result
