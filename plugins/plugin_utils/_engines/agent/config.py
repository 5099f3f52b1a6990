# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders a model into the daemon's configuration files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ... import _applications, _fencing, _notifications, _services, _storage

FORMAT = 1


def render(model: Mapping[str, Any], node: str) -> dict[str, Any]:
    """Return cluster.json of one node without any secret."""
    return {
        "format": FORMAT,
        "cluster": model["cluster"],
        "node": node,
        "nodes": list(model["nodes"]),
        "timing": dict(model["timing"]),
        "links": [_link(link, _replicating(model)) for link in model["links"]],
        "fencing": [_method(method) for method in model["fencing"]],
        **({"watchdog": dict(model["watchdog"])} if model["watchdog"] else {}),
        "power_on": model["power_on"],
        "ping_targets": [
            {"address": target["address"], "weight": target["weight"]}
            for target in model["ping_targets"]
        ],
        "monitors": {name: dict(entry) for name, entry in model["monitors"].items()},
        "notifications": [_notifications.public(item) for item in model["notifications"]],
        "unsafe": list(model["unsafe"]),
        "services": [
            _service(service, model["cluster"], model["sfex"]) for service in model["services"]
        ],
    }


def files(model: Mapping[str, Any], node: str) -> dict[str, str]:
    """Return the texts of the files; each holds secrets of devices or of notifications.

    cluster.json is one of them because a parameter of a single node's device stays there.
    """
    config, fencing = render(model, node), model["fencing"]
    for entry, method in zip(config["fencing"], fencing, strict=True):
        if not method["agent"]:
            continue
        entry["nodes"] = {name: dict(item) for name, item in method["nodes"].items()}
    kept = {m["name"]: _fencing.secret(m["parameters"]) for m in fencing}
    notices = {item["name"]: _notifications.secret(item) for item in model["notifications"]}
    return {
        "cluster.json": dump(config),
        "notifications.json": dump({name: item for name, item in notices.items() if item}),
        "fencing.json": dump({name: item for name, item in kept.items() if item}),
    }


def dump(value: Any) -> str:
    """One stable text for one value, so that an unchanged value is an unchanged file."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _replicating(model: Mapping[str, Any]) -> set[str]:
    return {service["storage"]["link"] for service in model["services"]} - {""}


def _link(link: Mapping[str, Any], replicating: set[str]) -> dict[str, Any]:
    keys = (
        ("name", "type", "device", "baud")
        if link["type"] == "serial"
        else ("name", "type", "port", "interface", "address")
    )
    more = {"replicates": link["network"]} if link["name"] in replicating else {}
    return {**{key: link[key] for key in keys}, **(more if more.get("replicates") else {})}


def _method(method: Mapping[str, Any]) -> dict[str, Any]:
    if not method["agent"]:
        keys = ("name", "method", *_fencing.LEASE)
        return {key: method[key] for key in keys if key in method}
    return {
        "name": method["name"],
        "method": method["method"],
        "agent": method["agent"],
        "timeout_s": method["timeout_s"],
        "parameters": _fencing.public(method["parameters"]),
        "nodes": {node: _fencing.public(item) for node, item in method["nodes"].items()},
    }


def _service(
    service: Mapping[str, Any], cluster: str, sfex: Mapping[str, Any] | None
) -> dict[str, Any]:
    storage = service["storage"]
    # What has to be had before the file system is touched: the replica, or the lock.
    resources = _storage.of(service).before(service, cluster, sfex)
    before = [resource["name"] for resource in resources]
    if storage["mount"]:
        resources.append(
            {
                "name": "mount",
                "type": "filesystem",
                "device": storage.get("device") or dict(storage["disk"]),
                "path": storage["mount"],
                "fstype": storage["filesystem"],
                "options": storage["options"],
                **_storage.of(service).mounting(storage),
                "after": before,
            }
        )
    mounted = ["mount"] if storage["mount"] else []
    # An application may bind to the address. And it stops before the address goes: its clients are
    # told, and need not wait for their connections to time out.
    addresses = [f"address-{address['ip']}" for address in service["addresses"]]
    for application in service["applications"]:
        entry = {
            "name": application["name"],
            **_applications.of(application).program(service, application),
            "after": [*mounted, *addresses, *application["after"]],
        }
        for key in ("start_timeout_s", "stop_timeout_s", "monitor"):
            if key in application:
                entry[key] = application[key]
        resources.append(entry)
    for name, address in zip(addresses, service["addresses"], strict=True):
        resources.append(
            {
                "name": name,
                "type": "virtual_ip",
                "address": address["address"],
                "interface": dict(address["interface"]),
                "after": before or mounted,
            }
        )
    result = {"name": service["name"], "preferred": service["preferred"], "resources": resources}
    result.update({key: service[key] for key in _services.POLICY if key in service})
    return result
