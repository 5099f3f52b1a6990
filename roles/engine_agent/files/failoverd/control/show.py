# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl status for people: what they need to see at three in the morning."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from failoverd.formats.text import printable

Part = Callable[[Any], list[str]]
SHOWN_AS = {
    "unit": "services",
    "ocf": "services",
    "lsb": "services",
    "filesystem": "mounted",
    "virtual_ip": "address",
}


def lines(status: Any) -> list[str]:
    """The text, line by line. If the answer lacks a field, only its lines are missing."""
    result = []
    if _of(status, "maintenance"):
        result.append("MAINTENANCE MODE: nothing is started, stopped, moved, fenced or recovered")
    for service in _all(status, "services"):
        result += _shown("service", _service, service)
    for name, part in PARTS:
        result += _shown(name, _named(name, part), status)
    return [printable(line) for line in result]


def _shown(name: str, part: Part, data: Any) -> list[str]:
    """The lines of a part. An error in one part must not hide the other parts."""
    try:
        return part(data)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError):
        return [_field(name, "cannot be shown: the daemon has another version or is broken")]


def _named(name: str, part: Part) -> Part:
    """The part with its name before each line."""
    return lambda data: [_field(name, text) for text in part(data)]


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _all(value: Any, name: str) -> list[Any]:
    found = _of(value, name)
    return found if isinstance(found, list) else []


def _standby(status: dict[str, Any]) -> list[str]:
    nodes = status.get("standby")
    return [f"{' and '.join(nodes)}: in standby mode"] if nodes else []


def _reach(status: dict[str, Any]) -> list[str]:
    return ["this node has LOST its ping targets"] if status.get("reach") == "lost" else []


def _ping(status: dict[str, Any]) -> list[str]:
    targets = status.get("ping")
    return [" · ".join(map(_target, targets))] if targets else []


def _disks(status: dict[str, Any]) -> list[str]:
    sick = [disk for disk in status.get("disks", []) if disk["state"] == "sick"]
    return [f"{d['device']} of {d['service']} {d['wrong'] or 'was sick'}" for d in sick]


def _watchdogs(status: dict[str, Any]) -> list[str]:
    return [_watchdog(status["watchdog"])] if status.get("watchdog") else []


def _service(service: dict[str, Any]) -> list[str]:
    where = f" on {service['owner']}" if service["owner"] else ""
    since = time.strftime("%H:%M", time.localtime(time.time() - service["since_s"]))
    moving = f", moving to {service['moving_to']}" if service["moving_to"] else ""
    head = f"{service['state']}{where}{moving} since {since} ({_age(service['since_s'])})"
    result = [f"{service['name']:<8} {head}"]
    for name, part in SERVICE_PARTS:
        result += _shown(name, _named(name, part), service)
    return result + _shown("resources", _resources, service)


def _ready(service: dict[str, Any]) -> list[str]:
    standby = service["standby"]
    ready = "ready to take over" if standby["able"] else f"cannot take over{_why_not(standby)}"
    return [f"{standby['node']}: {ready}"]


def _reason(service: dict[str, Any]) -> list[str]:
    return [service["why"]] if service["why"] and service["state"] != "running" else []


def _doing(service: dict[str, Any]) -> list[str]:
    return [service["doing"]] if service.get("doing") else []


def _storage(service: dict[str, Any]) -> list[str]:
    disk = service["disk"]
    if disk is None:
        return []
    frozen = ", I/O FROZEN" if disk["suspended"] else ""
    text = f"drbd {disk['role']}/{disk['peer_role']} {disk['disk']}/{disk['peer_disk']}"
    return [f"{text} {disk['connection']}{frozen}"]


def _frozen(service: dict[str, Any]) -> list[str]:
    return [service["frozen"]] if service.get("frozen") else []


def _resources(service: dict[str, Any]) -> list[str]:
    fields: dict[str, list[str]] = {}
    for resource in service["resources"]:
        if resource["type"] in SHOWN_AS:
            fields.setdefault(SHOWN_AS[resource["type"]], []).append(_resource(resource))
    return [_field(name, " · ".join(texts)) for name, texts in fields.items()]


def _why_not(standby: dict[str, Any]) -> str:
    return ", see reason" if standby.get("told") else f": {standby['why']}"


def _resource(resource: dict[str, Any]) -> str:
    """Name and state; for an application also the time of its slowest check, or the error."""
    checks = resource.get("monitor", [])
    label = resource["name"] if SHOWN_AS[resource["type"]] == "services" else resource["label"]
    if resource["state"] != "up":
        return f"{label} {resource['state']}"
    if "used_percent" in resource:
        return f"{label} ok {resource['used_percent']} % full"
    for word in ("failed", "doubtful", "unknown"):
        for check in checks:
            if check["state"] == word and check["reason"]:
                said = "FAILS" if word == "failed" else "ok?"
                return f"{label} {said} ({check['reason']})"
    times = [check["ms"] for check in checks if check["state"] == "ok" and check["ms"] is not None]
    return f"{label} ok {max(times):.0f} ms" if times else f"{label} ok"


def _field(name: str, text: str) -> str:
    return f"  {name:<10} {text}"


def _node(status: dict[str, Any]) -> str:
    peer = status["peer"]
    proof = f" ({peer['proof']})" if peer["proof"] else ""
    life = f"{peer['name']} {peer['life']}{proof} for {_age(peer['since_s'])}"
    return f"{status['node']} · peer {life}"


def _link(link: dict[str, Any]) -> str:
    word = {"up": "ok", "down": "DOWN", "one-way": "ONE WAY"}[link["state"]]
    return f"{link['name']} {word}"


def _target(target: dict[str, Any]) -> str:
    word = {"ok": "ok", "lost": "LOST", "unknown": "not answered yet"}[target["state"]]
    rtt = f" {target['rtt_ms']:g} ms" if target["state"] == "ok" and target["rtt_ms"] else ""
    return f"{target['address']} {word}{rtt}"


def _device(device: dict[str, Any]) -> str:
    if device["age_s"] is None:
        return f"{device['name']} not asked yet"
    said = {"ok": "answered", "failed": "FAILED", "unknown": "unknown"}[device["last"]]
    detail = f": {device['detail']}" if device["last"] == "failed" else ""
    return f"{device['name']} {said} {_age(device['age_s'])} ago{detail}{_cost(device)}"


def _watchdog(watchdog: dict[str, Any]) -> str:
    """The watchdog that would reset this node, its timeout, and its error."""
    if watchdog["why"]:
        return f"NO PROTECTION: {watchdog['why']}"
    weaker = ", software: weaker, it dies with a frozen kernel" if watchdog["software"] else ""
    return f"{watchdog['identity']} on {watchdog['device']}, {watchdog['counts_s']} s{weaker}"


def _cost(device: dict[str, Any]) -> str:
    """The time of a takeover by this method, from the last sign of life to the proof."""
    least, most = device.get("takeover_s") or (0, 0)
    if not most:
        return ""
    return f" (takeover {least:g} s)" if least == most else f" (takeover {least:g}-{most:g} s)"


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


PARTS: tuple[tuple[str, Part], ...] = (
    ("node", lambda status: [_node(status)]),
    ("standby", _standby),
    ("reach", _reach),
    ("ping", _ping),
    ("links", lambda status: [" · ".join(_link(link) for link in status["links"])]),
    ("disk", _disks),
    ("exclusion", lambda status: [" · ".join(map(_device, status["exclusion"])) or "none"]),
    ("watchdog", _watchdogs),
    ("warning", lambda status: [str(text) for text in status["warnings"]]),
)
"""The lines below the services, in their order."""
SERVICE_PARTS: tuple[tuple[str, Part], ...] = (
    ("standby", _ready),
    ("reason", _reason),
    ("doing", _doing),
    ("storage", _storage),
    ("frozen", _frozen),
)
"""The lines below the first of a service, in their order."""
