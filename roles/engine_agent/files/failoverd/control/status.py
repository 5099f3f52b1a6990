# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of failoverctl status, as plain JSON values."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from failoverd import VERSION
from failoverd.core import placement
from failoverd.core.clock import Clock
from failoverd.core.message import Local, ServiceReport
from failoverd.core.modes import is_on
from failoverd.core.state import Life, Repair, State
from failoverd.core.state import Service as CoreService
from failoverd.core.workbench import View
from failoverd.resources.base import Resource
from failoverd.resources.filesystem import Filesystem
from failoverd.resources.service import Service

FORMAT = 1
HELD = frozenset({Local.STARTING, Local.RUNNING, Local.RECOVERING, Local.STOPPING, Local.BROKEN})
WORDS = {
    Local.RUNNING: "running",
    Local.STARTING: "starting",
    Local.RECOVERING: "starting",
    Local.STOPPING: "stopping",
    Local.BROKEN: "broken",
}


def snapshot(
    state: State,
    services: dict[str, Service],
    exclusion: list[dict[str, Any]],
    problems: dict[str, str],
    warnings: list[str],
    taken: Callable[[str], float],
    used: Mapping[str, int],
) -> dict[str, Any]:
    """The whole node in one object. problems: by link name. taken: unix time by service, or 0.

    used: percent by path of a file system.
    """
    now = time.monotonic()
    peer = state.peer
    return {
        "format": FORMAT,
        "cluster": state.config.cluster,
        "node": state.config.node,
        "version": VERSION,
        "time": round(time.time(), 3),
        "incarnation": state.incarnation,
        "uptime_s": round(now - state.started, 1),
        "leaving": state.leaving,
        "maintenance": is_on(state.modes.maintenance),
        "standby": _standby(state),
        "reach": state.reach.value,
        "peer": {
            "name": state.config.peer,
            "life": peer.life.value,
            "proof": peer.proof.value if peer.life is Life.GONE else "",
            "since_s": round(now - peer.since, 1),
        },
        "links": [_link(state, name, problems.get(name, ""), now) for name in state.config.links],
        "exclusion": exclusion,
        "services": [
            _service(state, s, services[s.name], _since(s, taken(s.name), now), used, now)
            for s in state.services
        ],
        "warnings": [*([f"safe stop: {state.defect}"] if state.defect else []), *warnings],
    }


def _standby(state: State) -> list[str]:
    """Names of the nodes that are in standby mode."""
    modes, config = state.modes, state.config
    both = ((config.node, modes.standby), (config.peer, modes.peer_standby))
    return [name for name, count in both if is_on(count)]


def _link(state: State, name: str, problem: str, now: float) -> dict[str, Any]:
    limit = state.config.timing.dead_s
    ages = [now - heard.at for heard in state.peer.heard if heard.name == name]
    age = ages[0] if ages else None
    message = state.peer.message if state.peer.life in (Life.ALIVE, Life.SUSPECT) else None
    incoming = age is not None and age < limit
    outgoing = message is not None and name in message.hears
    word = "up" if incoming and outgoing else "one-way" if incoming or outgoing else "down"
    return {
        "name": name,
        "state": word,
        "age_s": None if age is None else round(age, 2),
        "problem": problem,
    }


def _report(state: State, name: str) -> ServiceReport | None:
    """The report of the peer. An old report of a silent peer counts for nothing (F03, F04)."""
    message = state.peer.message
    if message is None or state.peer.life in (Life.GONE, Life.UNSEEN, Life.SILENT):
        return None
    return next((report for report in message.services if report.name == name), None)


def _since(own: CoreService, taken: float, now: float) -> float:
    """Seconds in the present state. For a running service, restarts of the daemon do not count."""
    if own.local is Local.RUNNING and taken:
        return max(0.0, time.time() - taken)
    return now - own.since


def frozen(state: State, own: CoreService) -> str:
    """Why the I/O of a service is frozen and what ends it, empty if it is not (F36, F41)."""
    peer, life = state.config.peer, state.peer.life
    if not own.disk.suspended:
        return ""
    if life in (Life.ALIVE, Life.SUSPECT):
        return f"waiting for {peer} to outdate its disk"
    if life is Life.GONE:
        return f"{peer} is gone, {state.peer.proof.value}: I/O resumes in a moment"
    return placement.silence(View(state, Clock(time.monotonic())))


def _service(
    state: State,
    own: CoreService,
    service: Service,
    since_s: float,
    used: Mapping[str, int],
    now: float,
) -> dict[str, Any]:
    node, peer = state.config.node, state.config.peer
    report = _report(state, own.name)
    reports = state.said.services if state.said is not None else ()
    said = next((r for r in reports if r.name == own.name), None)
    theirs = report.local if report is not None else None
    if own.local in HELD:
        owner, local = node, own.local
    elif theirs in HELD:
        owner, local = peer, theirs
    else:
        owner, local = "", own.local
    word = WORDS.get(local, "") if local is not None else ""
    if local is Local.RUNNING and _repaired(own, report, here=owner == node):
        word = "open for repair"
    failure = own.failure if placement.failed(View(state, Clock(now)), own) else ""
    why = own.why or failure
    if not word:
        why = why or (said.why if said is not None else "")
        word = "blocked" if why else "stopped"
    standby: dict[str, Any]
    if owner == peer:
        standby = {"node": node, "able": bool(said and said.able), "why": said.why if said else ""}
    elif state.peer.life is Life.ALIVE and report is not None:
        standby = {"node": peer, "able": report.able, "why": report.why}
    else:
        standby = {"node": peer, "able": False, "why": f"{peer} is {state.peer.life.value}"}
    # Show it once: the reason contains all of it.
    there = _part(standby["why"], standby["node"])
    told = word != "running" and bool(there) and there in why
    return {
        "name": own.name,
        "retired": any(c.retired for c in state.config.services if c.name == own.name),
        "local": own.local.value,
        "owner": owner,
        "state": word,
        "generation": max(own.generation, report.generation if report else 0),
        "since_s": round(since_s, 1),
        "why": why,
        "standby": {**standby, "told": told},
        "doing": own.doing,
        "moving_to": own.move.to if own.move else "",
        "restarts": len(own.restarts),
        "failure": failure,
        "disk": _disk(own, service),
        "sync": _sync(service),
        "frozen": frozen(state, own),
        "resources": [
            {
                "name": name,
                "type": resource.settings.type,
                "label": str(resource),
                "state": service.states[name],
                **_used(resource, used),
                "monitor": service.watchers.report(name),
            }
            for name, resource in service.resources.items()
        ],
    }


def _disk(own: CoreService, service: Service) -> dict[str, Any] | None:
    """The replicated disk, and how many bytes the two copies differ in."""
    if service.drbd is None:
        return None
    return {**asdict(own.disk), "out_of_sync_bytes": service.drbd.behind}


def _sync(service: Service) -> dict[str, Any] | None:
    """The resync or verification under way; None without one."""
    sync = service.drbd.sync() if service.drbd is not None else None
    return asdict(sync) if sync is not None else None


def _repaired(own: CoreService, report: ServiceReport | None, *, here: bool) -> bool:
    """Only its storage is open, for people (F91)."""
    if here:
        return own.repair is not Repair.NONE
    return report is not None and report.why == placement.REPAIRED


def _part(why: str, node: str) -> str:
    """The reason of a node without the name of the node."""
    return placement.failure_of(why, node) or why


def _used(resource: Resource, used: Mapping[str, int]) -> dict[str, Any]:
    """How full a mounted file system is, in percent (F45)."""
    if not isinstance(resource, Filesystem) or resource.settings.options.path not in used:
        return {}
    return {"used_percent": used[resource.settings.options.path]}
