# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of the two daemons: a cluster of the reference design at shipped intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .network import ADDRESSES, NODES, ROUTER, SERVICE

DB, WEB = "postgresql-shop.service", "apache-shop.service"


def document(node: str, places: Mapping[str, Any]) -> dict[str, Any]:
    """cluster.json of a node. places: serial, disk (each by node), mount, agent, socket, port."""
    links: list[dict[str, Any]] = [
        {"name": link, "type": "udp", "interface": link, "address": addresses}
        for link, addresses in ADDRESSES.items()
    ]
    return {
        "format": 1,
        "cluster": "shop",
        "node": node,
        "nodes": list(NODES),
        "links": [*links, {"name": "wire", "type": "serial", "device": places["serial"]}],
        "ping_targets": [{"address": ROUTER}],
        "fencing": [
            {
                "name": "switch",
                "method": "stonith",
                "agent": places["agent"],
                "nodes": {name: {"plug": name} for name in NODES},
            }
        ],
        "services": [{"name": "shop", "preferred": "node1", "resources": _resources(places)}],
    }


def _resources(places: Mapping[str, Any]) -> list[dict[str, Any]]:
    query = {"type": "query", "directory": places["socket"], "port": places["port"]}
    return [
        {"name": "drbd", "type": "drbd", "resource": "shop", "disk": places["disk"]},
        {
            "name": "mount",
            "type": "filesystem",
            "device": places["disk"],
            "path": places["mount"],
            "fstype": "ext4",
            "after": ["drbd"],
        },
        {
            "name": "address",
            "type": "virtual_ip",
            "address": f"{SERVICE}/24",
            "interface": "office",
            "after": ["drbd"],
        },
        {"name": "db", "type": "unit", "unit": DB, "after": ["mount"], "monitor": [query]},
        {
            "name": "web",
            "type": "unit",
            "unit": WEB,
            "after": ["db"],
            "monitor": [{"type": "http", "url": "http://127.0.0.1:80/"}],
        },
    ]
