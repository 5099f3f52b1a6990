# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a cluster of Pacemaker, from what crm_mon says. The form is the agent's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

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
    for failure in answer.iterfind("failures/failure"):
        key, node = failure.get("op_key", ""), failure.get("node", "")
        reason = failure.get("exitreason") or failure.get("exitstatus") or ""
        # The key is RESOURCE_OPERATION_INTERVAL.
        name = key.rsplit("_", 2)[0]
        remedy = f"when it is mended: crm_resource --cleanup --resource {name} --node {node}"
        yield _finding(
            "warning", "failure-remembered", f"{key} failed on {node}: {reason}", remedy, name
        )
