# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what crm_simulate says that a cluster would do with another CIB. No I/O."""

from __future__ import annotations

from xml.etree import ElementTree as ET

GENTLE = ("start", "promote", "leave", "monitor", "reload", "noop")
"""Actions that take nothing from anybody."""
SAID = {
    "stop": "is stopped on {node}",
    "move": "moves from {source} to {dest}",
    "migrate": "moves from {source} to {dest}",
    "restart": "is stopped and started again on {node}",
    "recover": "is stopped and started again on {node}",
    "demote": "is demoted on {node}",
}


def interrupted(simulated: str, *cibs: ET.Element) -> set[tuple[str, str]]:
    """Return resource and sentence of each thing that would be taken from somebody.

    simulated: the answer of crm_simulate with --output-as=xml. cibs: the one that it was given, and
    the one before, which has what is to go. Fence devices, and what only measures a node, serve
    nobody. Raises ValueError.
    """
    try:
        answer = ET.fromstring(simulated)
    except ET.ParseError as error:
        raise ValueError(f"crm_simulate did not answer in XML: {error}") from None
    silent = {ident for cib in cibs for ident in _silent(cib)}
    result = set()
    for action in answer.iterfind("actions/*"):
        if action.tag == "node_action":
            node = action.get("node", "")
            result.add((node, f"{node}: {action.get('task', '').lower()}"))
            continue
        word = action.get("action", "").lower()
        resource = action.get("resource", "").partition(":")[0]
        if word in GENTLE or resource in silent:
            continue
        result.add((resource, f"{resource} {_said(word, action)}"))
    return result


def _said(word: str, action: ET.Element) -> str:
    source = action.get("source") or action.get("node") or "its node"
    places = {"node": action.get("node") or source, "source": source}
    return SAID.get(word, f"has to {word}").format(**places, dest=action.get("dest") or "no node")


def _silent(cib: ET.Element) -> set[str]:
    """Fence devices, and agents that only set an attribute of a node."""
    return {
        resource.get("id", "")
        for resource in cib.iter("primitive")
        if resource.get("class") == "stonith"
        or (resource.get("provider"), resource.get("type")) == ("pacemaker", "ping")
    }
