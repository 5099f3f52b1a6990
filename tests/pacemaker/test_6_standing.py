# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that are lost one after the other leave a standby a quorum: Corosync alone, as rendered."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lab.containers.engine import Engine
from tests.pacemaker import clusters, room
from tests.pacemaker.test_4_nodes import MAIL, SHOP

LIMIT_S = 120.0
COROSYNC = ("systemctl", "start", "corosync")


def told(node: str) -> dict[str, str]:
    """What votequorum says there; nothing if it does not answer."""
    lines = room.asked(node, "corosync-quorumtool", "-s")[1].splitlines()
    pairs = [line.partition(":") for line in lines]
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def quorate(node: str) -> bool:
    return told(node).get("Quorate") == "Yes"


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.5)


@pytest.fixture(autouse=True)
def started(containers: None) -> None:
    """Three nodes, of which node3 is the standby, see each other."""
    for node in room.ALL:
        # The test before has killed some.
        room.returned(node)
        room.inside(node, "systemctl", "reset-failed")
    room.emptied()
    standby = {"failover_pacemaker": {"standby": ["node3"]}, "failover_timing": {"dead_s": 10}}
    made = clusters.files(clusters.model(room.ALL, failover_services=[SHOP, MAIL], **standby))
    for node in room.ALL:
        room.put(node, "/etc/corosync/corosync.conf", made["corosync.conf"], "0644")
        room.put(node, "/etc/corosync/authkey", made["authkey"], "0400")
    for node in ("node1", "node2"):
        room.inside(node, *COROSYNC)
    until(lambda: told("node1").get("Nodes") == "2", "two nodes")
    assert not quorate("node1"), "it has not seen all nodes yet"
    room.inside("node3", *COROSYNC)
    until(lambda: all(map(quorate, room.ALL)), "a quorum of all")


def lost(node: str) -> None:
    Engine("podman").kill(room._name(node))


@pytest.mark.parametrize("second", ["node2", "node3"])
def test_the_last_two_nodes(second: str) -> None:
    """Without the active node the standby goes on; without the standby the active one does not."""
    lost("node1")
    until(lambda: told("node2").get("Expected votes") == "2", "a count without node1")
    assert quorate("node2") and quorate("node3")
    left = {"node2": "node3", "node3": "node2"}[second]
    lost(second)
    until(lambda: told(left).get("Nodes") == "1", f"{left} alone")
    # Longer than last_man_standing_window: this is not the state on the way.
    time.sleep(15)
    assert quorate(left) is (left == "node3")
    if left == "node3":
        for node in ("node1", "node2"):
            room.returned(node)
            room.inside(node, *COROSYNC)
        until(lambda: all(map(quorate, room.ALL)), "a quorum of all, again")
        assert told("node3")["Expected votes"] == "3"
