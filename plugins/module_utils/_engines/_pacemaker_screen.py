# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of Pacemaker in the form of the agent's status, which failoverctl shows. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from .._cib import PREFIX
from . import _pacemaker_ready
from ._pacemaker_health import judged
from ._pacemaker_past import fail_counts, failures, moment

FORMAT = 1
STATES = {"running": "running", "failed": "broken", "changing": "starting"}
HERE = {"changing": "starting"}
PING = "failover-ping"
KINDS = {"systemd": "unit", "ocf": "ocf", "lsb": "lsb"}
COPIED = ("drbd", "streaming")
"""What a service has outside its group."""
INFINITY = 1000000
"""A resource that has failed so often, as after a failed start, is not restarted in place."""
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
    disks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Service -> disk and sync of DRBD's copy on this node, as the agent tells them."""
    excluding: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Node -> names of the fence devices that can switch it off; {} while nobody knows."""


def screen(told: Told, now: float) -> dict[str, Any]:
    """The whole cluster as one node sees it. now: unix time."""
    status, answer = told.status, told.answer
    reports = [_report(one, answer, status) for one in answer.findall("nodes/node")]
    services = [_service(one, told, now) for one in status["services"]]
    links = list(_links(told))
    version = answer.find("summary/current_dc")
    made = {
        "format": FORMAT,
        "engine": "pacemaker",
        "cluster": status["cluster"],
        "node": status["node"],
        "version": version.get("version", "") if version is not None else "",
        "time": round(now, 3),
        "leaving": False,
        "quorum": {"now": _quorum(version), "after_a_loss": told.quorate},
        "maintenance": status["maintenance"],
        "standby": status["standby"],
        "reach": next((r["reach"] for r in reports if r["name"] == status["node"]), "unknown"),
        "reports": reports,
        "links": links,
        "exclusion": [_device(one, answer) for one in answer.iter("resource") if _is_device(one)],
        "services": services,
        "warnings": [],
        "watchdog": None,
        "ping": [],
        "carrier": {},
        "disks": [],
        "health": judged(status, reports, services, links),
    }
    verdicts = _pacemaker_ready.ready(made, told.excluding)["services"]
    for service, verdict in zip(services, verdicts, strict=True):
        service["ready"] = _pacemaker_ready.brief(verdict)
    return made


def _quorum(dc: ET.Element | None) -> bool | None:
    """Whether this part of the cluster has a quorum, None if nobody coordinates it."""
    said = dc.get("with_quorum") if dc is not None else None
    return None if said is None else said == "true"


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
    counts = fail_counts(told.answer)
    own = {part.get("id", "") for part in group} | {f"{PREFIX}{name}.{one}" for one in COPIED}
    here = [counts.get(part, {}).get(told.status["node"], 0) for part in own]
    failed = [
        f"{part.removeprefix(f'{PREFIX}{name}.')} has failed here ({what})"
        for part, node, what, _failure in failures(told.answer)
        if part in own and node == told.status["node"]
    ]
    return {
        "name": name,
        "retired": False,
        "local": HERE.get(service["local"], service["local"]),
        "owner": owner,
        "state": state,
        "generation": None,
        "since_s": _since(told.answer, group, owner, now) if state == "running" else None,
        "why": service["why"],
        "standby": _standby(name, owner if state == "running" else "", told),
        "doing": "",
        "moving_to": "",
        "restarts": sum(count for count in here if count < INFINITY),
        "failure": "; ".join(failed),
        "disk": told.disks.get(name, {}).get("disk"),
        "sync": told.disks.get(name, {}).get("sync"),
        "ready": None,
        "frozen": "",
        "copies": service.get("copies", {}),
        "resources": list(_parts(group, name, told.mounts.get(name, ""), counts)),
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


def _parts(
    group: ET.Element, name: str, mount: str, counts: Mapping[str, Mapping[str, int]]
) -> Iterator[dict[str, Any]]:
    for part in group:
        tail = part.get("id", "").removeprefix(f"{PREFIX}{name}.")
        kind, _dot, rest = tail.partition(".")
        agent = part.get("resource_agent", "")
        if kind == "mount":
            what = {"name": kind, "type": "filesystem", "label": mount or "its disk"}
        elif kind == "lock":
            what = {"name": kind, "type": "sfex", "label": "the lock of its disk"}
        elif kind == "address":
            address = rest.replace("_", ":")
            what = {"name": tail, "type": "virtual_ip", "label": address}
        elif kind == "application":
            what = {"name": rest, "type": KINDS.get(agent.partition(":")[0], "ocf"), "label": agent}
        else:
            continue
        up = part.get("role") == "Started" and part.get("failed") != "true"
        where = part.find("node")
        yield {
            **what,
            "state": "up" if up else "down",
            "node": where.get("name", "") if where is not None else "",
            "fail_counts": counts.get(part.get("id", ""), {}),
            "monitor": [],
        }


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


def _device(resource: ET.Element, answer: ET.Element) -> dict[str, Any]:
    name = resource.get("id", "")
    why = [f"{what} on {node}" for one, node, what, _time in failures(answer) if one == name]
    failed, started = resource.get("failed") == "true", resource.get("role") == "Started"
    return {
        "name": name.removeprefix(_pacemaker_ready.DEVICE),
        "method": "stonith",
        "last": "failed" if failed else "ok" if started else "unknown",
        "age_s": None,
        "detail": "; ".join(why),
        "takeover_s": None,
    }


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
