# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound things from which samples are made."""

from __future__ import annotations

from functools import cache
from typing import Any

from failoverd.core import actions
from failoverd.core.message import Message
from tests.unit.core.pair import Pair

NODES = ["node1", "node2"]
KEY = bytes(range(32))


@cache
def pair() -> Pair:
    """Two cores that hear each other; a runs the service."""
    return Pair().running()


@cache
def heard() -> Message:
    """A heartbeat of b, as a hears it."""
    half = pair().b
    half.pass_time(1.0)
    sent = [action for action in half.take(actions.Send) if isinstance(action, actions.Send)]
    return sent[-1].message


def cluster_json(node: str = "node1") -> dict[str, Any]:
    """A configuration that uses nearly everything."""
    return {
        "format": 1,
        "cluster": "shop",
        "node": node,
        "nodes": NODES,
        "links": [
            {
                "name": "lan",
                "type": "udp",
                "interface": "eth0",
                "address": {"node1": "10.9.0.1", "node2": "10.9.0.2"},
            },
            {"name": "cable", "type": "serial", "device": "/dev/ttyS0", "baud": 115200},
        ],
        "timing": {"heartbeat_s": 0.2, "dead_s": 3},
        "runtime": {"journal_segments": 4},
        "power_on": True,
        "ping_targets": [{"address": "10.9.0.254", "weight": 2}],
        "monitors": {"ping": {"interval_s": 1.0, "deadline_s": 0.8}},
        "fencing": [
            {
                "name": "bmc",
                "method": "stonith",
                "agent": "fence_ipmilan",
                "parameters": {"username": "admin", "lanplus": True},
                "nodes": {"node1": {"ip": "10.9.1.1"}, "node2": {"ip": "10.9.1.2"}},
            }
        ],
        "services": [
            {
                "name": "shop",
                "preferred": "node1",
                "restarts": 2,
                "resources": [
                    {"name": "drbd", "type": "drbd", "resource": "shop"},
                    {
                        "name": "mount",
                        "type": "filesystem",
                        "after": ["drbd"],
                        "device": "/dev/drbd0",
                        "path": "/srv/shop",
                        "fstype": "ext4",
                    },
                    {
                        "name": "address",
                        "type": "virtual_ip",
                        "address": "10.9.0.10/24",
                        "interface": "eth0",
                    },
                    {"name": "db", "type": "unit", "after": ["mount"], "unit": "db.service"},
                ],
            }
        ],
        "notifications": [
            {"name": "hook", "method": "webhook", "body": {"text": "{subject}"}},
            {"name": "mail", "method": "mail", "to": ["a@example.org"], "from": "b@example.org"},
            {"name": "pager", "method": "command", "command": ["/usr/local/bin/page", "-x"]},
        ],
    }
