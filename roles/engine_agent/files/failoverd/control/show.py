# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl status for people: what they need to see at three in the morning."""

from __future__ import annotations

import time
from functools import partial

from failoverd.formats.text import printable

from .ready import span

TYPE_CHECKING = False
"""The module typing itself takes as long to load as all that is needed here."""
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Part = Callable[[Any], list[str]]

NAME = 8
FEW = 6
"""Of more services only those are shown with their parts of which something is told."""
MARKS = {"critical": "!!", "warning": "! ", "info": "- "}
BAR = 20
DAY_S = 86400
SHOWN_AS = {
    "unit": "services",
    "ocf": "services",
    "lsb": "services",
    "filesystem": "mounted",
    "virtual_ip": "address",
}


def lines(status: Any, *, every: bool = False) -> list[str]:
    """The text, line by line. If the answer lacks a field, only its lines are missing.

    every: show the parts of each service, also of many that are in order.
    """
    health = judged(status)
    result = _shown("health", _head, {**_object(status), "health": health})
    services = _all(status, "services")
    short: set[str] = set() if every or len(services) <= FEW else _in_order(services, health)
    width = max([NAME, *(len(str(_of(service, "name"))) for service in services)])
    for service in services:
        shown = partial(_service, width=width, short=str(_of(service, "name")) in short)
        result += _shown("service", shown, service)
    if short:
        text = f"{len(short)} are in order: failoverctl status --all shows their parts"
        result.append(_field("", text))
    for name, part in PARTS:
        result += _shown(name, _named(name, part), status)
    return [printable(line) for line in result]


def judged(status: Any) -> Any:
    """The judgement of the daemon. A daemon of an older version gives none."""
    told = _of(status, "health")
    if isinstance(told, dict):
        return told
    from .health import health

    return health(_object(status))


def _object(status: Any) -> dict[str, Any]:
    return status if isinstance(status, dict) else {}


def _in_order(services: list[Any], health: Any) -> set[str]:
    """The names of the services that run, and of which nothing is told."""
    told = {str(_of(finding, "about")) for finding in _all(health, "findings")}
    running = [service for service in services if _of(service, "state") == "running"]
    return {str(_of(service, "name")) for service in running} - told


def _head(status: dict[str, Any]) -> list[str]:
    """How it is, and each thing that is wrong with what to do about it."""
    health = status["health"]
    at = time.strftime("%H:%M:%S", time.localtime(status.get("time")))
    cluster = f"cluster {status['cluster']}, " if "cluster" in status else ""
    result = [f"{health['state'].upper():<{NAME}} {cluster}seen from {status['node']} at {at}"]
    for finding in health["findings"]:
        result.append(f"  {MARKS[finding['severity']]} {finding['text']}")
        remedy = finding["remedy"]
        if remedy and remedy not in finding["text"]:
            result.append(f"     {_how(remedy)}: {remedy}")
    return result


def _how(remedy: str) -> str:
    """What to do with a remedy."""
    if remedy.startswith("failoverctl "):
        return "type"
    return "see" if remedy.startswith("docs/") else "do"


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


def _ping(status: dict[str, Any]) -> list[str]:
    targets = status.get("ping")
    return [" · ".join(map(_target, targets))] if targets else []


def _watchdogs(status: dict[str, Any]) -> list[str]:
    return [_watchdog(status["watchdog"])] if status.get("watchdog") else []


def _service(service: dict[str, Any], *, width: int, short: bool) -> list[str]:
    where = f" on {service['owner']}" if service["owner"] else ""
    moving = f", moving to {service['moving_to']}" if service["moving_to"] else ""
    standby, since_s = service["standby"], service["since_s"]
    since = "" if since_s is None else f" since {_clock(since_s)} ({_age(since_s)})"
    head = f"{service['state']}{where}{moving}{since}"
    able = f" · {standby['node']} ready to take over" if standby["able"] else ""
    result = [f"{service['name']:<{width}} {head}{able}"]
    if short:
        return result
    for name, part in SERVICE_PARTS:
        result += _shown(name, _named(name, part), service)
    return result + _shown("resources", _resources, service)


def _clock(ago_s: float) -> str:
    """When that was: the time, and the day if it was not within a day."""
    form = "%H:%M" if ago_s < DAY_S else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(time.time() - ago_s))


def _ready(service: dict[str, Any]) -> list[str]:
    standby = service["standby"]
    if standby["able"] or not (standby["node"] or standby["why"]):
        return []
    return [f"{standby['node'] or 'other nodes'}: cannot take over{_why_not(standby)}"]


def _failover(service: dict[str, Any]) -> list[str]:
    """Whether a failover would succeed; failoverctl ready tells more."""
    ready = service.get("ready")
    if not ready:
        return []
    word = {"ok": "ready", "warning": "ready, but", "critical": "NOT READY"}.get(
        ready["level"], "not known"
    )
    return [" ".join(filter(None, (word, ready["reason"]))) + span(ready["seconds"])]


def _doing(service: dict[str, Any]) -> list[str]:
    return [service["doing"]] if service.get("doing") else []


def _storage(service: dict[str, Any]) -> list[str]:
    disk = service["disk"]
    if disk is None:
        return _copies(service.get("copies") or {})
    frozen = ", I/O FROZEN" if disk["suspended"] else ""
    text = f"drbd {disk['role']}/{disk['peer_role']} {disk['disk']}/{disk['peer_disk']}"
    return [f"{text} {disk['connection']}{frozen}"]


def _copies(copies: dict[str, dict[str, Any]]) -> list[str]:
    """Of an engine that knows only whether the data of a copy are good."""
    told = [
        f"{node} {copy['role']} {'ok' if copy['good'] else 'NOT GOOD'}"
        for node, copy in sorted(copies.items())
    ]
    return [f"drbd {' · '.join(told)}"] if told else []


def _sync(service: dict[str, Any]) -> list[str]:
    sync = service.get("sync")
    if not sync:
        return []
    done, left_s = sync["done_percent"], sync["left_s"]
    left = "" if left_s is None else f", {_age(left_s)} left"
    return [f"{_bar(done)} {done:g} %{left}"]


def _bar(percent: float) -> str:
    full = min(BAR, max(0, round(percent * BAR / 100)))
    return f"[{'#' * full}{'-' * (BAR - full)}]"


def _resources(service: dict[str, Any]) -> list[str]:
    fields: dict[str, list[str]] = {}
    for resource in service["resources"]:
        if resource["type"] in SHOWN_AS:
            fields.setdefault(SHOWN_AS[resource["type"]], []).append(_resource(resource))
    return [_field(name, " · ".join(texts)) for name, texts in fields.items()]


def _why_not(standby: dict[str, Any]) -> str:
    return ", see above" if standby.get("told") else f": {standby['why']}"


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


def nodes(status: Any) -> list[dict[str, Any]]:
    """All nodes, each with name and life. The agent knows more of its only peer than of others."""
    if "peer" in status:
        return [{"name": status["node"], "life": "alive"}, status["peer"]]
    found: list[dict[str, Any]] = status["reports"]
    return found


def _node(node: dict[str, Any]) -> str:
    proof = f" ({node['proof']})" if node.get("proof") else ""
    since = f" for {_age(node['since_s'])}" if "since_s" in node else ""
    standby = ", in standby mode" if node.get("standby") else ""
    reach = ", ping targets LOST" if node.get("reach") == "lost" else ""
    return f"{node['name']} {node['life']}{proof}{since}{standby}{reach}"


def _link(link: dict[str, Any]) -> str:
    word = {"up": "ok", "down": "DOWN", "one-way": "ONE WAY"}[link["state"]]
    return f"{link['name']} {word}"


def _target(target: dict[str, Any]) -> str:
    word = {"ok": "ok", "lost": "LOST", "unknown": "not answered yet"}[target["state"]]
    rtt = f" {target['rtt_ms']:g} ms" if target["state"] == "ok" and target["rtt_ms"] else ""
    return f"{target['address']} {word}{rtt}"


def _device(device: dict[str, Any]) -> str:
    if device["age_s"] is None and device["last"] == "unknown":
        return f"{device['name']} not asked yet"
    said = {"ok": "answered", "failed": "FAILED", "unknown": "unknown"}[device["last"]]
    detail = f": {device['detail']}" if device["last"] == "failed" else ""
    ago = "" if device["age_s"] is None else f" {_age(device['age_s'])} ago"
    return f"{device['name']} {said}{ago}{detail}{_cost(device)}"


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
    ("nodes", lambda status: [" · ".join(map(_node, nodes(status)))]),
    ("ping", _ping),
    ("links", lambda status: [" · ".join(_link(link) for link in status["links"])]),
    ("exclusion", lambda status: [" · ".join(map(_device, status["exclusion"])) or "none"]),
    ("watchdog", _watchdogs),
)
"""The lines below the services, in their order."""
SERVICE_PARTS: tuple[tuple[str, Part], ...] = (
    ("standby", _ready),
    ("failover", _failover),
    ("doing", _doing),
    ("storage", _storage),
    ("resync", _sync),
)
"""The lines below the first of a service, in their order."""
