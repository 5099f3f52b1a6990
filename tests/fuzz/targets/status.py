# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What failoverctl shows of a daemon's answer, which may be of another version or broken."""

from __future__ import annotations

import json
from typing import Any

from failoverd.control.show import lines
from failoverd.formats.strictjson import JsonError, loads
from tests.fuzz.target import Target

STATUS: dict[str, Any] = {
    "node": "node1",
    "maintenance": True,
    "standby": ["node2"],
    "reach": "lost",
    "peer": {"name": "node2", "life": "gone", "proof": "fenced", "since_s": 100.0},
    "ping": [{"address": "10.0.0.1", "state": "ok", "rtt_ms": 0.4}],
    "links": [{"name": "lan", "state": "up"}, {"name": "cable", "state": "one-way"}],
    "disks": [{"device": "/dev/vdb", "service": "shop", "state": "sick", "wrong": "is slow"}],
    "exclusion": [
        {"name": "bmc", "last": "failed", "age_s": 20.0, "detail": "no", "takeover_s": [3, 9]}
    ],
    "watchdog": {
        "why": "",
        "software": True,
        "identity": "softdog",
        "device": "/dev/watchdog0",
        "counts_s": 8,
    },
    "warnings": ["the journal cannot be written"],
    "services": [
        {
            "name": "shop",
            "owner": "node1",
            "state": "starting",
            "since_s": 28800.0,
            "why": "it waits",
            "standby": {"node": "node2", "able": False, "why": "the disk is Outdated"},
            "moving_to": "node2",
            "disk": {
                "role": "Primary",
                "disk": "UpToDate",
                "peer_role": "Secondary",
                "peer_disk": "Outdated",
                "connection": "Connected",
                "suspended": True,
            },
            "frozen": "waiting",
            "resources": [
                {
                    "name": "db",
                    "type": "unit",
                    "label": "db.service",
                    "state": "up",
                    "monitor": [
                        {"name": "p", "type": "p", "state": "ok", "ms": 0.1, "reason": ""},
                        {"name": "h", "type": "h", "state": "failed", "ms": 3.0, "reason": "no"},
                    ],
                },
                {
                    "name": "mount",
                    "type": "filesystem",
                    "label": "/srv",
                    "state": "up",
                    "used_percent": 41,
                },
            ],
        }
    ],
}


def run(data: bytes) -> None:
    """Each line can be shown on a terminal."""
    try:
        status = loads(data, halves=True)
    except JsonError:
        return
    for line in lines(status):
        assert line.isprintable(), "a terminal would obey this"


TARGET = Target("status", [json.dumps(STATUS).encode()], run)
