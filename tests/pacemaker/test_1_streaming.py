# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Pacemaker's own scheduler puts a database that PostgreSQL replicates, and its addresses.

What the agent would say of the copies is said by the test: scores and status of each node.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from tests.pacemaker import clusters
from tests.pacemaker.simulated import Cluster

pytestmark = pytest.mark.usefixtures("containers")
SERVER = "failover.shop.streaming"
REPLICATION, READING = (
    "failover.shop.replication.192.168.1.110",
    "failover.shop.reading.192.168.1.120",
)
LAN = {"failover_ping_targets": ["192.168.1.254"]}
MOVE = """<rsc_location id="cli-prefer-failover.shop" rsc="failover.shop" role="Started"
node="node2" score="INFINITY"/>"""
"""What crm_resource --move makes."""
SAYS = {"PRI": "1000", "HS:sync": "100", "HS:async": "-INFINITY", "STOP": "-INFINITY"}
"""Status of a node -> the score that the agent gives it."""


def pair(variables: Mapping[str, Any] = MappingProxyType({}), **more: Any) -> Cluster:
    """Two nodes with a database, the first one promoted and the second one in sync.

    variables: of the cluster; more: of its service.
    """
    service = {
        "name": "shop",
        "preferred": "node1",
        "storage": {
            "type": "streaming",
            "directory": "/srv/shop",
            "link": "lan",
            "address": "192.168.1.110/24",
            "read_address": "192.168.1.120/24",
        },
        "addresses": ["192.168.1.100/24"],
        "applications": [{"postgresql": {"version": 15}}, {"ocf": "heartbeat:Dummy"}],
        **more,
    }
    addresses = {"node1": "192.168.1.11", "node2": "192.168.1.12"}
    two = Cluster(clusters.model(addresses, failover_services=[service], **variables))
    says(two, node1="PRI", node2="HS:sync")
    return two


def says(two: Cluster, **nodes: str) -> None:
    for node, status in nodes.items():
        two.measure(node, f"{SERVER}-status", status)
        two.measure(node, f"master-{SERVER}", SAYS[status])
    two.play()


def roles(two: Cluster) -> dict[str, str]:
    return two.copies("shop", "streaming")


def test_the_service_is_with_the_primary_and_reading_with_the_standby() -> None:
    two = pair()
    assert two.verified() == ""
    assert roles(two) == {"node1": "Promoted", "node2": "Unpromoted"}
    assert two.where() == {"shop": ["node1"]}
    assert (two.address(REPLICATION), two.address(READING)) == (["node1"], ["node2"])


def test_the_standby_takes_over_when_the_primary_dies_and_keeps_the_service() -> None:
    two = pair()
    two.lose("node1")
    assert (roles(two), two.where()) == ({"node2": "Promoted"}, {"shop": ["node2"]})
    says(two, node2="PRI")
    assert (two.address(REPLICATION), two.address(READING)) == (["node2"], ["node2"])
    two.bring("node1")
    says(two, node1="HS:sync")
    assert roles(two) == {"node1": "Unpromoted", "node2": "Promoted"}
    assert (two.where(), two.address(READING)) == ({"shop": ["node2"]}, ["node1"])


def test_a_standby_that_was_not_in_sync_never_takes_over() -> None:
    two = pair()
    says(two, node2="HS:async")
    two.lose("node1")
    assert (roles(two), two.where()) == ({"node2": "Unpromoted"}, {"shop": []})
    assert two.address(READING) == []


def test_reading_goes_to_the_primary_while_no_standby_is_in_sync() -> None:
    two = pair()
    says(two, node2="HS:async")
    assert two.address(READING) == ["node1"]
    says(two, node2="HS:sync")
    assert two.address(READING) == ["node2"]
    two.lose("node2")
    assert (two.where(), two.address(READING)) == ({"shop": ["node1"]}, ["node1"])


def test_a_primary_whose_server_fails_once_is_not_started_again() -> None:
    two = pair()
    two.play(f"--op-inject={SERVER}_monitor_3000@node1=7")
    assert roles(two)["node2"] == "Promoted"
    assert two.where() == {"shop": ["node2"]}
    assert "node1" not in roles(two)


def test_a_primary_that_cannot_be_demoted_is_fenced() -> None:
    two = pair()
    two.play(f"--op-inject={SERVER}_monitor_3000@node1=9", f"--op-fail={SERVER}_demote_0@node1=1")
    assert two.off() == ["node1"]
    assert (roles(two), two.where()) == ({"node2": "Promoted"}, {"shop": ["node2"]})


def test_a_service_with_failback_goes_home_once_its_copy_is_in_sync() -> None:
    two = pair(failback="automatic")
    two.lose("node1")
    says(two, node2="PRI")
    two.bring("node1")
    says(two, node1="HS:async")
    assert two.where() == {"shop": ["node2"]}
    says(two, node1="HS:sync")
    assert two.where() == {"shop": ["node1"]}


def on_the_lan(two: Cluster) -> Cluster:
    """Both nodes reach the ping target."""
    for node in two.nodes:
        two.measure(node, "failover-ping", "1")
    two.play()
    return two


def test_nodes_that_are_watched_for_the_lan_hand_over_and_fail_back() -> None:
    """Scores that Pacemaker adds up twice must not reach INFINITY: a wish would change nothing."""
    two = on_the_lan(pair(LAN))
    two.constrain(MOVE)
    assert (roles(two)["node2"], two.where()) == ("Promoted", {"shop": ["node2"]})
    home = on_the_lan(pair(LAN, failback="automatic"))
    home.lose("node1")
    says(home, node2="PRI")
    home.bring("node1")
    home.measure("node1", "failover-ping", "1")
    says(home, node1="HS:sync")
    assert home.where() == {"shop": ["node1"]}


def test_reading_leaves_a_standby_without_the_lan_if_the_primary_has_it() -> None:
    two = on_the_lan(pair(LAN))
    assert two.address(READING) == ["node2"]
    two.measure("node2", "failover-ping", "0")
    two.play()
    assert (two.address(READING), two.where()) == (["node1"], {"shop": ["node1"]})
    two.measure("node1", "failover-ping", "0")
    two.play()
    assert two.address(READING) == ["node2"]


def test_a_primary_without_the_lan_gives_the_service_to_a_standby_that_has_it() -> None:
    two = on_the_lan(pair(LAN, failback="automatic"))
    two.measure("node1", "failover-ping", "0")
    two.play()
    assert (roles(two)["node2"], two.where()) == ("Promoted", {"shop": ["node2"]})
