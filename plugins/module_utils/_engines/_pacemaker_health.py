# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a cluster of Pacemaker, from what crm_mon says. The form is the agent's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from ._pacemaker_past import failures

Finding = dict[str, str]
WORST = ("critical", "warning")
CONFIRM = "if it is off for sure: ansible-playbook failover.cluster.confirm_fenced -e node={node}"
AGENT = "stonith:"


def health(answer: ET.Element, status: Mapping[str, Any]) -> dict[str, Any]:
    """state: ok, warning or critical; findings: the worst first, each with a code and a remedy."""
    found = [
        *_services(status),
        *_nodes(answer, status),
        *_fencing(answer, status),
        *_failures(answer),
    ]
    found.sort(key=lambda one: WORST.index(one["severity"]))
    return {"state": found[0]["severity"] if found else "ok", "findings": found}


def _finding(severity: str, code: str, text: str, remedy: str = "", about: str = "") -> Finding:
    return {"severity": severity, "code": code, "about": about, "text": text, "remedy": remedy}


def _services(status: Mapping[str, Any]) -> Iterator[Finding]:
    for service in status["services"]:
        name, state = service["name"], service["state"]
        if state != "running":
            why = f": {service['why']}" if service["why"] else ""
            yield _finding("critical", "service-down", f"{name} is {state}{why}", "crm_mon", name)


def _nodes(answer: ET.Element, status: Mapping[str, Any]) -> Iterator[Finding]:
    quorum = answer.find("summary/current_dc")
    if quorum is not None and quorum.get("with_quorum") == "false":
        yield _finding("critical", "no-quorum", "this part of the cluster has no quorum")
    unclean = {
        one.get("name", "") for one in answer.iterfind("nodes/node") if one.get("unclean") == "true"
    }
    for name in sorted(unclean):
        text = f"{name} is lost, and not fenced yet"
        yield _finding("critical", "node-unclean", text, CONFIRM.format(node=name), name)
    for name in status["silent"]:
        if name not in unclean:
            yield _finding(
                "warning", "node-offline", f"{name} is not heard", f"look at {name}", name
            )
    for name in status["standby"]:
        text = f"{name} is in standby mode"
        yield _finding("warning", "node-standby", text, f"crm_standby --node {name} --delete", name)
    if status["maintenance"]:
        cluster = status["cluster"]
        remedy = f"ansible-playbook failover.cluster.maintenance -e cluster={cluster} -e state=off"
        yield _finding("warning", "maintenance", "maintenance mode is on", remedy)


def _fencing(answer: ET.Element, status: Mapping[str, Any]) -> Iterator[Finding]:
    options = answer.find("summary/cluster_options")
    if options is not None and options.get("stonith-enabled") == "false":
        text = "fencing is switched off (stonith-enabled): a lost node may go on writing"
        yield _finding("critical", "fencing-unavailable", text, "run the playbook site")
        return
    devices = [
        one for one in answer.iter("resource") if one.get("resource_agent", "").startswith(AGENT)
    ]
    # The device of a node runs on another one: without that it is stopped, and in order.
    alone = bool(status["silent"] or status["standby"])
    bad = [
        one
        for one in devices
        if one.get("failed") == "true" or (one.get("role") != "Started" and not alone)
    ]
    for device in bad:
        name = device.get("id", "")
        remedy = f"look at the device; then crm_resource --cleanup --resource {name}"
        if len(bad) == len(devices):
            text = f"no fence device works: {name} is {device.get('role', '').lower()}"
            yield _finding("critical", "fencing-unavailable", text, remedy, name)
        else:
            text = f"the fence device {name} does not work"
            yield _finding("warning", "fencing-degraded", text, remedy, name)


def _failures(answer: ET.Element) -> Iterator[Finding]:
    for name, node, what, failure in failures(answer):
        remedy = f"when it is mended: crm_resource --cleanup --resource {name} --node {node}"
        reason = what.partition(": ")[2]
        text = f"{failure.get('op_key')} failed on {node}: {reason}"
        yield _finding("warning", "failure-remembered", text, remedy, name)


def judged(
    status: Mapping[str, Any],
    reports: Sequence[Mapping[str, Any]],
    services: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The health of the status, and what only the other tools of a node tell."""
    more = [
        *_links(links),
        *_networks(reports),
        # A node that is away, or in standby mode, is told already.
        *(_unable(services) if not status["silent"] and not status["standby"] else ()),
        *(finding for service in services for finding in _copies(service)),
    ]
    found = sorted(
        [*status["health"]["findings"], *more], key=lambda one: WORST.index(one["severity"])
    )
    return {"state": found[0]["severity"] if found else "ok", "findings": found}


def _links(links: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for one in links:
        if one["state"] == "down":
            text = f"{one['name']} is down: {one['problem']}"
            yield _finding("warning", "link-down", text, about=one["name"])


def _networks(reports: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for one in reports:
        if one["life"] == "alive" and one["reach"] == "lost":
            text = f"{one['name']} has lost its ping targets"
            yield _finding("warning", "network-lost", text, about=one["name"])


def _unable(services: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for one in services:
        if one["standby"]["why"]:
            text = f"no other node can take over {one['name']}: {one['standby']['why']}"
            yield _finding("warning", "standby-unable", text, about=one["name"])


def _copies(service: Mapping[str, Any]) -> Iterator[Finding]:
    """What DRBD's kernel says on this node."""
    name, disk = service["name"], service["disk"]
    if disk is None:
        return
    if disk["connection"] == "StandAlone":
        text = f"{name}: the copies may have diverged: DRBD refuses to connect them"
        remedy = "docs/operating.md, When the copies have diverged"
        yield _finding("critical", "split-brain", text, remedy, name)
    if disk["suspended"]:
        text = f"{name}: I/O is frozen until the other copy is excluded"
        yield _finding("critical", "io-frozen", text, about=name)
    if (disk["disk"], disk["peer_disk"]) != ("UpToDate", "UpToDate"):
        text = f"{name}: the copies differ: {disk['disk']} here, {disk['peer_disk']} there"
        yield _finding("warning", "replication-behind", text, about=name)
