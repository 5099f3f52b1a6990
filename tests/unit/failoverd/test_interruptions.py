# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes of the configuration take something from a running service, and where."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from failoverd.config import parse
from failoverd.persistence.change import Interruption, interruptions

from .conftest import CLUSTER

Change = Callable[[dict[str, Any]], None]


def told(change: Change, node: str = "node1", key: str = "ab" * 32) -> list[Interruption]:
    """What a change of the small configuration interrupts."""
    before = {**copy.deepcopy(CLUSTER), "node": node}
    after = copy.deepcopy(before)
    change(after)
    old = parse({"cluster.json": json.dumps(before), "key": "ab" * 32})
    return interruptions(parse({"cluster.json": json.dumps(after), "key": key}), old)


def port(new: int) -> Change:
    def change(cluster: dict[str, Any]) -> None:
        cluster["links"][0]["port"] = new

    return change


def nothing(cluster: dict[str, Any]) -> None:
    pass


def test_an_address_stops_its_service_where_it_runs() -> None:
    def change(cluster: dict[str, Any]) -> None:
        cluster["services"][0]["resources"][2]["address"] = "10.9.0.11/24"

    (one,) = told(change)
    assert one.text == "shop is stopped and started again, because of address"
    assert one.here


def test_the_interface_of_one_node_interrupts_only_there() -> None:
    def change(cluster: dict[str, Any]) -> None:
        interfaces = {"node1": "eth0", "node2": "eth7"}
        cluster["services"][0]["resources"][2]["interface"] = interfaces

    assert told(change, "node1") == []
    assert [one.service for one in told(change, "node2")] == ["shop"]


def test_one_of_two_links_may_change() -> None:
    def change(cluster: dict[str, Any]) -> None:
        port(7999)(cluster)
        cluster["links"][1]["name"] = "cable"

    assert told(port(7999)) == []
    assert told(change) == [], "the cable is the same, whatever it is called"


def test_all_links_at_once_make_the_nodes_deaf_to_each_other() -> None:
    def change(cluster: dict[str, Any]) -> None:
        port(7999)(cluster)
        cluster["links"][1]["baud"] = 9600

    (one,) = told(change)
    assert one.service == "shop" and not one.here
    assert "may fail over" in one.text and "no link stays as it is" in one.text


def test_another_key_makes_them_deaf_and_the_remedy_is_named() -> None:
    (one,) = told(nothing, key="cd" * 32)
    assert "rotate_keys" in one.text and not one.here


@pytest.mark.parametrize(("heartbeat_s", "deaf"), [(2.0, False), (3.0, True)])
def test_heartbeats_that_are_too_rare_for_the_other_daemon_are_deafness(
    heartbeat_s: float, deaf: bool
) -> None:
    def change(cluster: dict[str, Any]) -> None:
        cluster["timing"] = {"heartbeat_s": heartbeat_s, "suspect_s": 9.0, "dead_s": 20.0}
        cluster["timing"] |= {"fence_delay_s": 20.0, "startup_s": 60.0}

    assert [one.service for one in told(change)] == ["shop"] * deaf


@pytest.mark.parametrize(("node", "moves"), [("node1", True), ("node2", False)])
def test_a_service_with_automatic_failback_goes_to_another_preferred_node(
    node: str, moves: bool
) -> None:
    def change(cluster: dict[str, Any]) -> None:
        cluster["services"][0].update(preferred="node2", failback="automatic")

    expected = "shop moves to node2, its preferred node, because failback is automatic"
    assert [one.text for one in told(change, node)] == [expected] * moves


def test_a_preferred_node_alone_moves_nothing() -> None:
    def change(cluster: dict[str, Any]) -> None:
        cluster["services"][0]["preferred"] = "node2"

    assert told(change) == []


def test_a_service_that_is_added_interrupts_no_other() -> None:
    def change(cluster: dict[str, Any]) -> None:
        database = {"name": "db", "type": "unit", "unit": "mail.service"}
        cluster["services"].append({"name": "mail", "preferred": "node1", "resources": [database]})

    assert told(change) == []
