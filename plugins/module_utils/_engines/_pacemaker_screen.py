# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of Pacemaker in the form of the agent's status, which failoverctl shows. No I/O."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from .._cib import PREFIX

FORMAT = 1
STATES = {"running": "running", "failed": "broken", "changing": "starting"}
HERE = {"changing": "starting"}
PING = "failover-ping"
TIMES = ("%a %b %d %H:%M:%S %Y", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S%z")
"""How crm_mon writes a time: Pacemaker 2.1.5 as the node's own, later ones with its zone."""
KINDS = {"systemd": "unit", "ocf": "ocf", "lsb": "lsb"}
DEVICE = f"{PREFIX}_fence."
LINK = re.compile(r"^LINK ID (\d+)")
STATE = re.compile(r"nodeid:\s*(\d+):\s*(\S+)")


@dataclass(frozen=True)
class Told:
    """What the tools of a node say."""

    answer: ET.Element
    """crm_mon, with inactive resources."""
    status: Mapping[str, Any]
    """What the engine reads out of it."""
    links: str = ""
    """corosync-cfgtool -s"""
    mounts: Mapping[str, str] = field(default_factory=dict)
    """Service -> where its disk is mounted."""
    after: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Node -> service -> the node that would run it if the first was lost, "" for none."""
    quorate: bool = True
    """Whether a quorum is left if one more node is lost."""


def screen(told: Told, now: float) -> dict[str, Any]:
    """The whole cluster as one node sees it. now: unix time."""
    status, answer = told.status, told.answer
    reports = [_report(one, answer, status) for one in answer.findall("nodes/node")]
    services = [_service(one, told, now) for one in status["services"]]
    links = list(_links(told))
    version = answer.find("summary/current_dc")
    return {
        "format": FORMAT,
        "engine": "pacemaker",
        "cluster": status["cluster"],
        "node": status["node"],
        "version": version.get("version", "") if version is not None else "",
        "time": round(now, 3),
        "leaving": False,
        "maintenance": status["maintenance"],
        "standby": status["standby"],
        "reach": next((r["reach"] for r in reports if r["name"] == status["node"]), "unknown"),
        "reports": reports,
        "links": links,
        "exclusion": [_device(one) for one in answer.iter("resource") if _is_device(one)],
        "services": services,
        "warnings": [],
        "watchdog": None,
        "ping": [],
        "carrier": {},
        "disks": [],
        "health": _health(status, reports, services, links),
    }


def _report(node: ET.Element, answer: ET.Element, status: Mapping[str, Any]) -> dict[str, Any]:
    name = node.get("name", "")
    online = node.get("online") == "true"
    if online:
        life = "suspect" if node.get("pending") == "true" else "alive"
    else:
        life = "silent" if node.get("unclean") == "true" else "gone"
    return {
        "name": name,
        "life": life,
        "age_s": 0.0 if online else None,
        "reach": _reach(answer, name),
        "standby": name in status["standby"],
        "goodbye": life == "gone",
        "hears": [],
        "services": [],
    }


def _reach(answer: ET.Element, node: str) -> str:
    for place in answer.iterfind("node_attributes/node"):
        for one in place:
            if (place.get("name"), one.get("name")) == (node, PING):
                return "lost" if one.get("value") == "0" else "reached"
    return "unknown"


def _service(service: Mapping[str, Any], told: Told, now: float) -> dict[str, Any]:
    name, owner = service["name"], service["owner"] or ""
    state = STATES.get(service["state"], "blocked" if service["why"] else "stopped")
    group = next(g for g in told.answer.iter("group") if g.get("id") == f"{PREFIX}{name}")
    return {
        "name": name,
        "retired": False,
        "local": HERE.get(service["local"], service["local"]),
        "owner": owner,
        "state": state,
        "generation": 0,
        "since_s": _since(told.answer, group, owner, now) if state == "running" else None,
        "why": service["why"],
        "standby": _standby(name, owner if state == "running" else "", told),
        "doing": "",
        "moving_to": "",
        "restarts": 0,
        "failure": "",
        "disk": None,
        "sync": None,
        "ready": None,
        "frozen": "",
        "copies": service.get("copies", {}),
        "resources": list(_parts(group, name, told.mounts.get(name, ""))),
    }


def _standby(name: str, owner: str, told: Told) -> dict[str, Any]:
    """The node that would run it if its owner was lost, as Pacemaker's own scheduler says."""
    to = told.after.get(owner, {}).get(name, "") if told.quorate else ""
    why = ""
    if owner and not told.quorate:
        why = "without its node the rest has no quorum"
    elif owner in told.after and not to:
        why = "Pacemaker would start it nowhere"
    return {"node": to, "able": bool(to), "why": why, "told": False}


def _since(answer: ET.Element, group: ET.Element, owner: str, now: float) -> float | None:
    """Seconds since its last part was started; None if nobody says."""
    ids = {part.get("id") for part in group}
    begun = [
        moment(done.get("last-rc-change", ""))
        for node in answer.iterfind("node_history/node")
        if node.get("name") == owner
        for resource in node
        if resource.get("id") in ids
        for done in resource
        if done.get("task") == "start"
    ]
    known = [one for one in begun if one is not None]
    return round(max(0.0, now - max(known)), 1) if known else None


def moment(text: str) -> float | None:
    """The unix time of what crm_mon wrote."""
    for form in TIMES:
        try:
            parsed = time.strptime(text, form)
        except ValueError:
            continue
        if parsed.tm_gmtoff is None:
            return time.mktime(parsed)
        return float(calendar.timegm(parsed) - parsed.tm_gmtoff)
    return None


def _parts(group: ET.Element, name: str, mount: str) -> Iterator[dict[str, Any]]:
    for part in group:
        tail = part.get("id", "").removeprefix(f"{PREFIX}{name}.")
        kind, _dot, rest = tail.partition(".")
        agent = part.get("resource_agent", "")
        if kind == "mount":
            what = {"name": kind, "type": "filesystem", "label": mount or "its disk"}
        elif kind == "address":
            address = rest.replace("_", ":")
            what = {"name": tail, "type": "virtual_ip", "label": address}
        elif kind == "application":
            what = {"name": rest, "type": KINDS.get(agent.partition(":")[0], "ocf"), "label": agent}
        else:
            continue
        up = part.get("role") == "Started" and part.get("failed") != "true"
        yield {**what, "state": "up" if up else "down", "monitor": []}


def _links(told: Told) -> Iterator[dict[str, Any]]:
    """A link is down if a member cannot be reached over it."""
    nodes = {
        one.get("id", ""): one.get("name", "")
        for one in told.answer.findall("nodes/node")
        if one.get("online") == "true"
    }
    for number, states in _lists(told.links):
        cut = sorted(
            nodes[node]
            for node, state in states.items()
            if node in nodes and state not in ("connected", "localhost")
        )
        yield {
            "name": f"link {number}",
            "state": "down" if cut else "up",
            "age_s": None,
            "problem": f"{', '.join(cut)} cannot be reached over it" if cut else "",
            "received": None,
            "missed": None,
        }


def _lists(text: str) -> list[tuple[str, dict[str, str]]]:
    """Each link, and the state of each node on it."""
    found: list[tuple[str, dict[str, str]]] = []
    for line in text.splitlines():
        link, state = LINK.match(line), STATE.search(line)
        if link:
            found.append((link[1], {}))
        elif state and found:
            found[-1][1][state[1]] = state[2]
    return found


def _is_device(resource: ET.Element) -> bool:
    return resource.get("resource_agent", "").startswith("stonith:")


def _device(resource: ET.Element) -> dict[str, Any]:
    failed, started = resource.get("failed") == "true", resource.get("role") == "Started"
    return {
        "name": resource.get("id", "").removeprefix(DEVICE),
        "method": "stonith",
        "last": "failed" if failed else "ok" if started else "unknown",
        "age_s": None,
        "detail": "",
        "takeover_s": [0, 0],
    }


def _health(
    status: Mapping[str, Any],
    reports: Collection[Mapping[str, Any]],
    services: Collection[Mapping[str, Any]],
    links: Collection[Mapping[str, Any]],
) -> dict[str, Any]:
    """The judgement of the engine, and what only these answers tell."""
    more = [
        _warning("link-down", f"{one['name']} is down: {one['problem']}", one["name"])
        for one in links
        if one["state"] == "down"
    ]
    more += [
        _warning("network-lost", f"{one['name']} has lost its ping targets", one["name"])
        for one in reports
        if one["life"] == "alive" and one["reach"] == "lost"
    ]
    # A node that is away, or in standby mode, is told already.
    if not status["silent"] and not status["standby"]:
        more += [
            _warning(
                "standby-unable",
                f"no other node can take over {one['name']}: {one['standby']['why']}",
                one["name"],
            )
            for one in services
            if one["standby"]["why"]
        ]
    health: dict[str, Any] = dict(status["health"])
    if more:
        health["findings"] = [*health["findings"], *more]
        health["state"] = "warning" if health["state"] == "ok" else health["state"]
    return health


def _warning(code: str, text: str, about: str) -> dict[str, str]:
    return {"severity": "warning", "code": code, "about": about, "text": text, "remedy": ""}


def quorate_without_one(told: str) -> bool:
    """Whether a quorum is left if one more node is lost, by corosync-quorumtool -s.

    If it does not say, nothing is claimed.
    """
    lines = [line.partition(":") for line in told.splitlines()]
    said = {key.strip(): value.strip() for key, _colon, value in lines}
    try:
        left, needed = int(said["Total votes"]) - 1, int(said["Quorum"].split()[0])
    except (KeyError, ValueError, IndexError):
        return True
    return "2Node" in said.get("Flags", "") or left >= needed
