# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the files of both hosts describe one cluster of two nodes with resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import text
from ..findings import Findings
from ..hosts import Host
from . import ha_cf, haresources


def readable(
    hosts: Sequence[Host],
    configs: Mapping[str, ha_cf.Config],
    groups: Mapping[str, Sequence[haresources.Group]],
    findings: Findings,
) -> bool:
    """Whether this is one cluster of two nodes with resources."""
    for host in hosts:
        for name in ("ha.cf", "haresources"):
            found = host.file("heartbeat", name)
            if found is None and not (name == "haresources" and configs[host.name].pacemaker):
                findings.add("refused", host.name, f"/etc/ha.d/{name} is not there.")
            elif found is not None and found.get("cut"):
                findings.add("refused", host.name, f"/etc/ha.d/{name} is too long to be read.")
        config = configs[host.name]
        if config.pacemaker:
            findings.add(
                "refused",
                f"{host.name}: ha.cf",
                f"{config.pacemaker} makes this a cluster of Pacemaker, which does not read"
                " haresources. Use failover.cluster.import_pacemaker.",
            )
        for line, word in config.placeholders:
            findings.add(
                "refused",
                f"{host.name}: ha.cf line {line}",
                f"{text.shown(word)} was never filled in; write the real value.",
            )
    if findings.refused:
        return False
    first, *others = hosts
    config = configs[first.name]
    for other in others:
        if [g.words() for g in groups[first.name]] != [g.words() for g in groups[other.name]]:
            findings.add(
                "refused",
                "haresources",
                f"differs between {first.name} and {other.name}; Heartbeat needs the same on both."
                " Nobody can say which one is right: make them equal, and import again.",
            )
        _compare(first.name, config, other.name, configs[other.name], findings)
    if not groups[first.name]:
        findings.add("refused", "haresources", "is empty, so there is no service to take over.")
    _members(hosts, config, groups[first.name], findings)
    return not findings.refused


def _compare(
    first: str, one: ha_cf.Config, second: str, other: ha_cf.Config, findings: Findings
) -> None:
    differing = [
        word
        for word, left, right in (
            ("node", sorted(one.nodes), sorted(other.nodes)),
            ("keepalive, deadtime and other times", one.times, other.times),
            ("auto_failback", one.auto_failback, other.auto_failback),
            ("ping", one.pings, other.pings),
            ("watchdog", one.watchdog, other.watchdog),
        )
        if left != right
    ]
    if differing:
        findings.add(
            "danger",
            "ha.cf",
            f"differs between {first} and {second} in {', '.join(differing)}. The proposal follows"
            f" {first}.",
        )


def _members(
    hosts: Sequence[Host],
    config: ha_cf.Config,
    groups: Sequence[haresources.Group],
    findings: Findings,
) -> None:
    names = [host.name for host in hosts]
    if len(config.nodes) > 2:
        findings.add(
            "refused",
            "ha.cf",
            f"names {len(config.nodes)} nodes ({', '.join(config.nodes)}); this cluster has two."
            " Take out what is not there any more.",
        )
    elif len(hosts) != 2:
        findings.add(
            "refused",
            "",
            f"{len(hosts)} host was read ({', '.join(names)}), but a cluster has two. Give both"
            " nodes in the inventory of the import, and let both be reached."
            if len(hosts) == 1
            else f"{len(hosts)} hosts were read ({', '.join(names)}); limit the import to two.",
        )
    for host in hosts:
        if config.nodes and not _is_named(host.name, config.nodes):
            findings.add(
                "refused",
                "ha.cf",
                f"does not name {host.name}, which is uname -n of a host that was read; it names"
                f" {', '.join(config.nodes)}.",
            )
    known = config.nodes or [name.lower() for name in names]
    broken = [group.line for group in groups if group.broken]
    if broken:
        findings.add(
            "refused",
            f"haresources line {broken[0]}",
            "has a blank behind its backslash, so Heartbeat does not read on, and takes the next"
            " line for another group. Take the blank out, and import again.",
        )
        return
    for group in groups:
        if not _is_named(group.node, known):
            findings.add(
                "refused",
                f"haresources line {group.line}",
                f"{text.shown(group.node)} is no node of ha.cf, so nobody starts this group. Write"
                f" {' or '.join(known)}.",
            )


def _is_named(name: str, nodes: Sequence[str]) -> bool:
    return name.lower() in nodes
