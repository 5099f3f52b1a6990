# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a failover of each service would succeed now, from the status of a cluster. No I/O.

Pacemaker's own scheduler says where a service would run, and its configuration which devices can
switch a node off. Nobody asks the other nodes for programs, room on their disks and settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .._cib import PREFIX

Item = dict[str, str]
BY_WEIGHT = ("ok", "warning", "unknown", "critical")
FORMAT = 1
DEVICE = f"{PREFIX}_fence."


def ready(status: Mapping[str, Any], excluding: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The answer for all services, in the form of every engine.

    excluding: node -> the fence devices that can switch it off; a node that is missing was not
    asked for.
    """
    services = [
        _service(status, service, excluding)
        for service in status["services"]
        if not service["retired"]
    ]
    return {
        "format": FORMAT,
        "cluster": status["cluster"],
        "node": status["node"],
        "level": worst(service["level"] for service in services),
        "services": services,
    }


def _service(
    status: Mapping[str, Any], service: Mapping[str, Any], excluding: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    items = [*_mode(status), *_place(status, service)]
    if service["state"] == "running":
        items += [
            *_exclusion(status, service["owner"], excluding),
            *_copy(service),
            *_failed(service),
            *_network(status, service["standby"]["node"]),
        ]
    level = worst(item["level"] for item in items)
    first = next(item for item in items if item["level"] == level)
    return {
        "name": service["name"],
        "level": level,
        "reason": "" if level == "ok" else f"{first['what']}: {first['text']}",
        "seconds": None,
        "move_s": None,
        "items": items,
    }


def brief(service: Mapping[str, Any]) -> dict[str, Any]:
    """What the status shows of it."""
    return {key: service[key] for key in ("level", "reason", "seconds")}


def worst(levels: Iterable[str]) -> str:
    """The heaviest of them; ok of none."""
    return max(levels, key=BY_WEIGHT.index, default="ok")


def _item(what: str, level: str, text: str, remedy: str = "") -> Item:
    return {"what": what, "level": level, "text": text, "remedy": remedy}


def _mode(status: Mapping[str, Any]) -> Iterator[Item]:
    if status["maintenance"]:
        yield _item(
            "mode", "critical", "maintenance mode is on", "end it: failoverctl maintenance off"
        )
    if status["quorum"]["now"] is False:
        yield _item("quorum", "critical", "this part of the cluster has no quorum")


def _place(status: Mapping[str, Any], service: Mapping[str, Any]) -> Iterator[Item]:
    if service["state"] != "running":
        why = f": {service['why']}" if service["why"] else ""
        yield _item("service", "critical", f"is {service['state']}{why}", "look at crm_mon")
        return
    owner, standby = service["owner"], service["standby"]
    yield _item("service", "ok", f"runs on {owner}")
    if standby["able"]:
        yield _item("standby", "ok", f"Pacemaker would start it on {standby['node']}")
    elif standby["why"]:
        yield _item("standby", "critical", standby["why"])
    else:
        yield _item("standby", "unknown", "crm_simulate does not tell where it would run")


def _exclusion(
    status: Mapping[str, Any], owner: str, excluding: Mapping[str, Sequence[str]]
) -> Iterator[Item]:
    """A lost node has to be switched off before anything of it is started elsewhere."""
    if owner not in excluding:
        yield _item("exclusion", "unknown", f"nobody tells which devices can switch {owner} off")
        return
    devices = [one for one in status["exclusion"] if one["name"] in excluding[owner]]
    if not devices:
        yield _item("exclusion", "critical", f"no fence device can switch {owner} off")
    works = any(one["last"] == "ok" for one in devices)
    for device in devices:
        name, last = device["name"], device["last"]
        if last == "ok":
            yield _item("exclusion", "ok", f"{name} is watched, and well")
            continue
        said = device["detail"] or ("fails" if last == "failed" else "runs nowhere")
        remedy = f"look at the device; then crm_resource --cleanup --resource {DEVICE}{name}"
        yield _item("exclusion", "warning" if works else "critical", f"{name}: {said}", remedy)


def _copy(service: Mapping[str, Any]) -> Iterator[Item]:
    node = service["standby"]["node"]
    copy = service["copies"].get(node)
    if copy is not None and copy["good"]:
        yield _item("data", "ok", f"the copy on {node} is good")
    elif copy is not None:
        yield _item("data", "critical", f"the copy on {node} is not good", "wait for its resync")


def _failed(service: Mapping[str, Any]) -> Iterator[Item]:
    """Failures that count against the node where it would run."""
    node = service["standby"]["node"]
    for part in service["resources"]:
        count = part["fail_counts"].get(node, 0)
        if count:
            text = f"{part['name']} has failed on {node}, and that is remembered"
            yield _item("failures", "warning", text, "when it is mended: crm_resource --cleanup")


def _network(status: Mapping[str, Any], node: str) -> Iterator[Item]:
    down = [link["name"] for link in status["links"] if link["state"] == "down"]
    for name in down:
        yield _item("links", "warning", f"{name} is down")
    if status["links"] and not down:
        yield _item("links", "ok", f"all {len(status['links'])} up")
    for report in status["reports"]:
        if report["name"] == node and report["reach"] == "lost":
            yield _item("LAN", "warning", f"{node} does not reach its ping targets")
