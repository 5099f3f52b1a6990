# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl status for people: what one wants to see at three in the morning."""

from __future__ import annotations

import time
from typing import Any

SHOWN_AS = {
    "unit": "services",
    "ocf": "services",
    "lsb": "services",
    "filesystem": "mounted",
    "virtual_ip": "address",
}


def lines(status: dict[str, Any]) -> list[str]:
    """The text, line by line."""
    result = []
    if status.get("maintenance"):
        result.append("MAINTENANCE MODE: nothing is started, stopped, moved, fenced or recovered")
    for service in status["services"]:
        result += _service(service)
    result.append(_field("node", _node(status)))
    if status.get("standby"):
        result.append(_field("standby", f"{' and '.join(status['standby'])}: in standby mode"))
    if status.get("reach") == "lost":
        result.append(_field("reach", "this node has LOST its ping targets"))
    if status.get("ping"):
        result.append(_field("ping", " · ".join(map(_target, status["ping"]))))
    result.append(_field("links", " · ".join(_link(link) for link in status["links"])))
    sick = [disk for disk in status.get("disks", []) if disk["state"] == "sick"]
    result += [
        _field("disk", f"{d['device']} of {d['service']} {d['wrong'] or 'was sick'}") for d in sick
    ]
    result.append(_field("exclusion", " · ".join(map(_device, status["exclusion"])) or "none"))
    if status.get("watchdog"):
        result.append(_field("watchdog", _watchdog(status["watchdog"])))
    result += [_field("warning", text) for text in status["warnings"]]
    return result


def _service(service: dict[str, Any]) -> list[str]:
    where = f" on {service['owner']}" if service["owner"] else ""
    since = time.strftime("%H:%M", time.localtime(time.time() - service["since_s"]))
    moving = f", moving to {service['moving_to']}" if service["moving_to"] else ""
    head = f"{service['state']}{where}{moving} since {since} ({_age(service['since_s'])})"
    standby = service["standby"]
    ready = "ready to take over" if standby["able"] else f"cannot take over{_why_not(standby)}"
    result = [f"{service['name']:<8} {head}", _field("standby", f"{standby['node']}: {ready}")]
    if service["why"] and service["state"] != "running":
        result.append(_field("reason", service["why"]))
    if service.get("doing"):
        result.append(_field("doing", service["doing"]))
    disk = service["disk"]
    if disk is not None:
        frozen = ", I/O FROZEN" if disk["suspended"] else ""
        text = f"drbd {disk['role']}/{disk['peer_role']} {disk['disk']}/{disk['peer_disk']}"
        result.append(_field("storage", f"{text} {disk['connection']}{frozen}"))
    if service.get("frozen"):
        result.append(_field("frozen", service["frozen"]))
    fields: dict[str, list[str]] = {}
    for resource in service["resources"]:
        if resource["type"] in SHOWN_AS:
            fields.setdefault(SHOWN_AS[resource["type"]], []).append(_resource(resource))
    result += [_field(name, " · ".join(texts)) for name, texts in fields.items()]
    return result


def _why_not(standby: dict[str, Any]) -> str:
    return ", see reason" if standby.get("told") else f": {standby['why']}"


def _resource(resource: dict[str, Any]) -> str:
    """Name and state; of an application also how long its slowest check takes, or what it found."""
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
    """Who would reset this node, after how long by its own word, and what is wrong with it."""
    if watchdog["why"]:
        return f"NO PROTECTION: {watchdog['why']}"
    weaker = ", software: weaker, it dies with a frozen kernel" if watchdog["software"] else ""
    return f"{watchdog['identity']} on {watchdog['device']}, {watchdog['counts_s']} s{weaker}"


def _cost(device: dict[str, Any]) -> str:
    """What a takeover by this method takes, from the last sign of life to the proof."""
    least, most = device.get("takeover_s") or (0, 0)
    if not most:
        return ""
    return f" (takeover {least:g} s)" if least == most else f" (takeover {least:g}-{most:g} s)"


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
