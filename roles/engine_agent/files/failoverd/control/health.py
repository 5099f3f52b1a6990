# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong, how bad it is, and what to type: from the status, and from nothing else.

A finding says one thing once. If the other node is away, no finding says besides that its disks
and its replication are away, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from failoverd.core.rules.monitors import FILLING

INFO, WARNING, CRITICAL = "info", "warning", "critical"
OK = "ok"
WORST_FIRST = (CRITICAL, WARNING, INFO)
FULL_PERCENT = FILLING[1]
"""F45. The first limit is told once by an alert; here it would stand for months."""
HISTORY = "failoverctl history"
REPAIRED = "open for repair"
DOUBTS = {"warning": "is in doubt", "critical": "would not succeed"}
TOLD_ELSEWHERE = frozenset(
    {"mode", "service", "nodes", "standby", "exclusion", "data", "disk", "links", "LAN"}
)
"""Items of the readiness about which there is a finding of its own."""
DOWN = frozenset({"blocked", "stopped", "broken", REPAIRED})
CHANGING = frozenset({"starting", "stopping"})

Finding = dict[str, Any]
Status = dict[str, Any]


def health(status: Status) -> dict[str, Any]:
    """The field "health" of a status: its state, and the findings, worst first."""
    found: list[Finding] = []
    for part in PARTS:
        try:
            found += part(status)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            # It must not hide what the other parts say.
            text = f"the answer cannot be judged: {type(error).__name__}: {error}"
            found.append(_finding(WARNING, "not-judged", text))
    found.sort(key=lambda finding: WORST_FIRST.index(finding["severity"]))
    worst = found[0]["severity"] if found else INFO
    return {"state": OK if worst == INFO else worst, "findings": found}


def _finding(severity: str, code: str, text: str, remedy: str = "", about: str = "") -> Finding:
    """remedy: a command, or a sentence. about: the service, node, link or device."""
    return {"severity": severity, "code": code, "about": about, "text": text, "remedy": remedy}


def _services(status: Status) -> Iterator[Finding]:
    for service in status["services"]:
        if service["retired"] and service["local"] == "stopped":
            continue
        yield from _state(status, service)
        yield from _disk(service)
        if service["owner"] == status["node"] and service["state"] == "running":
            yield from _parts(service)
        if service["owner"] and status["peer"]["life"] == "alive":
            yield from _ready(status, service)


def _state(status: Status, service: dict[str, Any]) -> Iterator[Finding]:
    name, state, why = service["name"], service["state"], service["why"]
    here = f" on {service['owner']}" if service["owner"] else ""
    if state == REPAIRED:
        text = f"{name} is down: its storage is open for repair{here}"
        yield _finding(CRITICAL, "service-repair", text, f"failoverctl repair close {name}", name)
    elif state == "stopped" and service["local"] == "unknown":
        text = f"{name} is looked at: it is not known yet whether it runs"
        yield _finding(WARNING, "service-unknown", text, about=name)
    elif state in DOWN:
        text = f"{name} is {state}{here}" + (f": {why}" if why else "")
        yield _finding(CRITICAL, "service-down", text, _remedy(status, service), name)
    elif state in CHANGING:
        doing = f": {service['doing']}" if service["doing"] else ""
        yield _finding(WARNING, "service-changing", f"{name} is {state}{here}{doing}", about=name)


def _remedy(status: Status, service: dict[str, Any]) -> str:
    """What ends that a service is down. A reason that names a command is its own remedy."""
    name, why = service["name"], service["why"]
    told = why.rpartition("failoverctl ")
    if told[1]:
        return f"failoverctl {told[2]}"
    if status["maintenance"]:
        return "failoverctl maintenance off"
    if service["state"] == "broken" or "failed" in why:
        return f"{HISTORY}; when the cause is mended: failoverctl clear {name}"
    return HISTORY


def _disk(service: dict[str, Any]) -> Iterator[Finding]:
    name, disk = service["name"], service["disk"]
    if disk is not None and disk["connection"] == "StandAlone":
        text = f"{name}: the copies may have diverged: DRBD refuses to connect them"
        remedy = "docs/operating.md, When the copies have diverged"
        yield _finding(CRITICAL, "split-brain", text, remedy, name)
    if service["frozen"]:
        text = f"{name}: I/O is frozen: {service['frozen']}"
        yield _finding(CRITICAL, "io-frozen", text, about=name)


def _parts(service: dict[str, Any]) -> Iterator[Finding]:
    name = service["name"]
    for resource in service["resources"]:
        part = f"{name}: {resource['name']}"
        failing = [c for c in resource["monitor"] if c["state"] == "failed" and c["reason"]]
        if resource["state"] == "down":
            yield _finding(CRITICAL, "resource-failed", f"{part} is down", HISTORY, name)
        elif failing:
            text = f"{part} does not serve: {failing[0]['reason']}"
            yield _finding(CRITICAL, "resource-failed", text, HISTORY, name)
        elif resource.get("used_percent", 0) >= FULL_PERCENT:
            text = f"{name}: {resource['label']} is {resource['used_percent']} % full"
            yield _finding(WARNING, "file-system-full", text, "make room", name)


def _ready(status: Status, service: dict[str, Any]) -> Iterator[Finding]:
    name, standby, disk = service["name"], service["standby"], service["disk"]
    if not standby["able"]:
        node, why = standby["node"], standby["why"]
        if node in status["standby"]:
            return  # told of the node
        sync = service["sync"]
        getting = f" (resync {sync['done_percent']:g} % done)" if sync else ""
        remedy = f"failoverctl clear {name}" if "failed on" in why else ""
        text = f"{node} cannot take over {name}: {why or 'it does not say why'}{getting}"
        yield _finding(WARNING, "standby-unable", text, remedy, name)
        return
    yield from _doubts(service)
    if disk is not None and (disk["disk"], disk["peer_disk"]) != ("UpToDate", "UpToDate"):
        text = f"{name}: the copies differ: {disk['disk']} here, {disk['peer_disk']} there"
        yield _finding(WARNING, "replication-behind", text, about=name)


def _doubts(service: dict[str, Any]) -> Iterator[Finding]:
    """What a failover would lack. What other findings tell of is not told again."""
    ready, name = service["ready"], service["name"]
    what, _colon, _rest = ready["reason"].partition(":")
    if ready["level"] not in DOUBTS or what in TOLD_ELSEWHERE:
        return
    text = f"a failover of {name} {DOUBTS[ready['level']]}: {ready['reason']}"
    severity = CRITICAL if ready["level"] == "critical" else WARNING
    yield _finding(severity, "not-ready", text, f"failoverctl ready {name}", name)


def _nodes(status: Status) -> Iterator[Finding]:
    peer = status["peer"]
    name, life = peer["name"], peer["life"]
    if life == "suspect":
        text = f"{name}: its heartbeats are late"
        yield _finding(WARNING, "heartbeat-late", text, about=name)
    elif life != "alive":
        proof = f": {peer['proof']}" if peer["proof"] else ""
        word = {"unseen": "not heard since the start", "gone": "away"}.get(life, life)
        text = f"{name} is {word}{proof}; nothing can be taken over by it"
        yield _finding(WARNING, "node-offline", text, f"look at {name} and at its links", name)
    if status["maintenance"]:
        text = "maintenance mode: nothing is started, stopped, moved, fenced or recovered"
        yield _finding(WARNING, "maintenance", text, "failoverctl maintenance off")
    for node in status["standby"]:
        text = f"{node} is in standby mode and takes nothing over"
        yield _finding(WARNING, "node-standby", text, f"failoverctl online {node}", node)
    if status["leaving"]:
        yield _finding(WARNING, "node-leaving", f"{status['node']} is leaving the cluster")
    watchdog = status["watchdog"]
    if watchdog and watchdog["why"]:
        text = f"{status['node']} may own nothing: {watchdog['why']}"
        yield _finding(WARNING, "watchdog", text, about=watchdog["device"])


def _paths(status: Status) -> Iterator[Finding]:
    for link in _broken(status):
        word = "works in one direction only" if link["state"] == "one-way" else "is down"
        code = "link-one-way" if link["state"] == "one-way" else "link-down"
        problem = f": {link['problem']}" if link["problem"] else ""
        text = f"link {link['name']} {word}{problem}"
        yield _finding(WARNING, code, text, "look at cable and switch", link["name"])
    if status["reach"] == "lost":
        text = f"{status['node']} has lost its ping targets: clients may not reach it"
        yield _finding(CRITICAL, "network-lost", text, "look at the service network")
    else:
        for target in status["ping"]:
            if target["state"] == "lost":
                text = f"ping target {target['address']} does not answer"
                yield _finding(WARNING, "ping-target-lost", text, about=target["address"])


def _broken(status: Status) -> list[dict[str, Any]]:
    """The links that do not work, though there is a peer that could be heard."""
    if status["peer"]["life"] not in ("alive", "suspect"):
        return []
    return [link for link in status["links"] if link["state"] != "up"]


def _exclusion(status: Status) -> Iterator[Finding]:
    devices = status["exclusion"]
    bad = [device for device in devices if device["last"] == "failed"]
    everything = bool(devices) and len(bad) == len(devices)
    for device in bad:
        detail = f": {device['detail']}" if device["detail"] else ""
        rest = "; no other method is left: a failover is impossible" if everything else ""
        yield _finding(
            CRITICAL if everything else WARNING,
            "fencing-unavailable" if everything else "fencing-degraded",
            f"{device['name']} cannot exclude {status['peer']['name']}{detail}{rest}",
            "docs/fencing.md",
            device["name"],
        )


def _monitors(status: Status) -> Iterator[Finding]:
    for disk in status["disks"]:
        if disk["state"] == "sick":
            text = f"{disk['device']} of {disk['service']} {disk['wrong'] or 'was sick'}"
            yield _finding(CRITICAL, "disk-sick", text, "replace the disk", disk["service"])


def _warnings(status: Status) -> Iterator[Finding]:
    told = {f"link {link['name']}: {link['problem']}" for link in _broken(status)}
    for text in status["warnings"]:
        if text in told:
            continue
        accepted = text.startswith("UNSAFE, accepted")
        code = "accepted-risk" if accepted else "warning"
        yield _finding(INFO if accepted else WARNING, code, text)


PARTS: tuple[Callable[[Status], Iterator[Finding]], ...] = (
    *(_services, _nodes, _paths, _exclusion, _monitors, _warnings),
)
