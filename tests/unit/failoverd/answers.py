# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole answer of failoverctl status --json, of a cluster in which nothing is wrong."""

from __future__ import annotations

from typing import Any

DISK = {
    "role": "Primary",
    "disk": "UpToDate",
    "peer_role": "Secondary",
    "peer_disk": "UpToDate",
    "connection": "Connected",
    "suspended": False,
    "out_of_sync_bytes": 0,
}
SERVICE: dict[str, Any] = {
    "name": "shop",
    "retired": False,
    "local": "running",
    "owner": "node1",
    "state": "running",
    "generation": 3,
    "since_s": 28800.0,
    "why": "",
    "standby": {"node": "node2", "able": True, "why": "", "told": False},
    "doing": "",
    "moving_to": "",
    "restarts": 0,
    "failure": "",
    "disk": DISK,
    "sync": None,
    "ready": {"level": "ok", "reason": "", "seconds": [4.5, 11.5]},
    "frozen": "",
    "resources": [
        {
            "name": "mount",
            "type": "filesystem",
            "label": "/srv/shop",
            "state": "up",
            "used_percent": 41,
            "monitor": [],
        },
        {
            "name": "address",
            "type": "virtual_ip",
            "label": "192.168.1.10 on eth0",
            "state": "up",
            "monitor": [],
        },
        {
            "name": "db",
            "type": "unit",
            "label": "db.service",
            "state": "up",
            "monitor": [
                {"name": "process", "type": "process", "state": "ok", "ms": 0.1, "reason": ""},
                {"name": "q", "type": "query", "state": "ok", "ms": 1.4, "reason": ""},
            ],
        },
    ],
}
WELL: dict[str, Any] = {
    "format": 1,
    "cluster": "shop",
    "node": "node1",
    "version": "0.1.0",
    "time": 1.7e9,
    "incarnation": 7,
    "uptime_s": 90000.0,
    "leaving": False,
    "maintenance": False,
    "standby": [],
    "reach": "reached",
    "peer": {"name": "node2", "life": "alive", "proof": "", "since_s": 9.0},
    "links": [
        {"name": n, "state": "up", "age_s": 0.1, "problem": "", "received": 9, "missed": 0}
        for n in ("lan", "cross")
    ],
    "exclusion": [
        {
            "name": name,
            "method": "stonith",
            "last": "ok",
            "age_s": 20.0,
            "detail": "",
            "takeover_s": [1.2, 24.0],
        }
        for name in ("bmc", "pdu")
    ],
    "services": [SERVICE],
    "warnings": [],
    "heartbeats": {"keys": ["0f3ca711"], "refused": {}, "dropped": {}},
    "watchdog": None,
    "ping": [{"address": "10.0.0.1", "weight": 1, "state": "ok", "rtt_ms": 0.4}],
    "carrier": {"eth0": True},
    "daemon": {
        "late_ms": 0.1,
        "latest_ms": 4.0,
        "memory_bytes": 40_000_000,
        "cpu_s": 12.0,
        "cpu_percent": 0.4,
        "real_time": True,
    },
    "disks": [],
    "reports": [
        {
            "name": "node1",
            "life": "alive",
            "age_s": 0.0,
            "reach": "reached",
            "standby": False,
            "goodbye": False,
            "hears": ["lan"],
            "services": [
                {"name": "shop", "local": "running", "generation": 1, "able": True, "why": ""}
            ],
        },
    ],
    "health": {"state": "ok", "findings": []},
}
