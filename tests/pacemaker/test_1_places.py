# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Pacemaker's own scheduler puts the services, after losses and failures."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._engines import pacemaker

from tests.pacemaker import clusters
from tests.pacemaker.simulated import Cluster

pytestmark = pytest.mark.usefixtures("containers")


def service(name: str, home: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "preferred": home,
        "storage": {"type": "shared", "disk": f"/dev/vd{'bcde'[number]}", "mount": f"/srv/{name}"},
        "addresses": [f"192.168.1.{100 + number}/24"],
        "applications": [{"ocf": "heartbeat:Dummy"}, {"unit": f"{name}-worker.service"}],
        **more,
    }


def cluster(nodes: int, homes: dict[str, str], each: Any = None, **more: Any) -> Cluster:
    return Cluster(model(nodes, homes, each, **more))


def model(nodes: int, homes: dict[str, str], each: Any = None, **more: Any) -> dict[str, Any]:
    services = [
        service(name, home, number, **(each or {}))
        for number, (name, home) in enumerate(homes.items())
    ]
    addresses = {f"node{number}": f"192.168.1.{10 + number}" for number in range(1, nodes + 1)}
    return clusters.model(addresses, failover_services=services, **more)


def test_a_service_runs_on_its_preferred_node_moves_when_that_dies_and_stays() -> None:
    two = cluster(2, {"shop": "node2"})
    assert two.verified() == ""
    assert two.where() == {"shop": ["node2"]}
    two.lose("node2")
    assert two.where() == {"shop": ["node1"]}
    two.bring("node2")
    assert two.where() == {"shop": ["node1"]}


def test_a_service_with_failback_goes_home() -> None:
    two = cluster(2, {"shop": "node2"}, {"failback": "automatic"})
    two.lose("node2")
    two.bring("node2")
    assert two.where() == {"shop": ["node2"]}


def test_a_part_is_restarted_in_place_as_often_as_the_inventory_says_then_the_service_moves() -> (
    None
):
    two = cluster(2, {"shop": "node1"}, {"restarts": 2})
    two.fail("failover.shop.application.Dummy", "node1", 2)
    assert two.where() == {"shop": ["node1"]}
    two.fail("failover.shop.application.Dummy", "node1", 1)
    assert two.where() == {"shop": ["node2"]}


def replicated(name: str, home: str, number: int, **more: Any) -> dict[str, Any]:
    disk = f"/dev/vd{'bcde'[number]}"
    storage = {"type": "drbd", "disk": disk, "link": "lan", "mount": f"/srv/{name}"}
    return service(name, home, number, storage=storage, **more)


def pair(home: str = "node1", **more: Any) -> Cluster:
    """Two nodes with a service on a replicated disk, both copies good."""
    addresses = {"node1": "192.168.1.11", "node2": "192.168.1.12"}
    two = Cluster(
        clusters.model(addresses, failover_services=[replicated("shop", home, 0, **more)])
    )
    two.promotable("shop", "node1", "node2")
    return two


@pytest.mark.parametrize("home", ["node1", "node2"])
def test_a_replicated_service_runs_where_its_copy_is_promoted_and_moves_when_that_node_dies(
    home: str,
) -> None:
    other = {"node1": "node2", "node2": "node1"}[home]
    two = pair(home)
    assert two.verified() == ""
    assert two.where() == {"shop": [home]}
    assert two.copies("shop") == {home: "Promoted", other: "Unpromoted"}
    assert two.status()["shop"]["copies"] == {
        home: {"role": "Promoted", "good": True},
        other: {"role": "Unpromoted", "good": True},
    }
    two.lose(home)
    assert two.where() == {"shop": [other]}
    assert two.copies("shop") == {other: "Promoted"}
    two.bring(home)
    two.promotable("shop", home)
    assert two.where() == {"shop": [other]}
    assert two.copies("shop") == {other: "Promoted", home: "Unpromoted"}


@pytest.mark.parametrize("home", ["node1", "node2"])
def test_a_replicated_service_moves_when_it_is_ordered_to_and_stays_there(home: str) -> None:
    other = {"node1": "node2", "node2": "node1"}[home]
    two = pair(home)
    pacemaker.ENGINE.switchover(two.asked, "shop", other, 600)
    assert two.where() == {"shop": [other]}
    assert two.copies("shop") == {other: "Promoted", home: "Unpromoted"}
    assert "cli-" not in two.text


def test_a_service_without_copies_moves_when_it_is_ordered_to_and_stays_there() -> None:
    two = cluster(2, {"shop": "node1"})
    pacemaker.ENGINE.switchover(two.asked, "shop", "node2", 600)
    assert two.where() == {"shop": ["node2"]}
    assert "cli-" not in two.text


def test_a_copy_that_is_not_good_is_never_promoted() -> None:
    two = pair()
    two.measure("node2", "master-failover.shop.drbd", "")
    two.lose("node1")
    assert (two.where(), two.copies("shop")) == ({"shop": []}, {"node2": "Unpromoted"})
    assert two.status()["shop"]["why"] == "no copy of its disk is good (DRBD on node2)"


@pytest.mark.parametrize("action", ["mount_stop", "drbd_demote"])
def test_a_replicated_service_that_is_not_given_up_has_its_node_fenced(action: str) -> None:
    two = pair()
    two.fail_to_stop("failover.shop.application.Dummy", f"failover.shop.{action}", "node1")
    assert two.off() == ["node1"]
    assert two.where() == {"shop": ["node2"]}
    assert two.copies("shop") == {"node2": "Promoted"}


def test_the_loss_of_the_other_copy_moves_nothing() -> None:
    two = pair()
    two.lose("node2")
    assert (two.where(), two.copies("shop")) == ({"shop": ["node1"]}, {"node1": "Promoted"})
    two.bring("node2")
    two.promotable("shop", "node2")
    assert two.where() == {"shop": ["node1"]}
    assert two.copies("shop") == {"node1": "Promoted", "node2": "Unpromoted"}


@pytest.mark.parametrize("share", [True, False])
def test_each_copy_is_where_its_disk_is_and_one_standby_has_a_copy_of_every_service(
    share: bool,
) -> None:
    services = [replicated("a", "node1", 0), replicated("b", "node2", 1)]
    for one in services:
        one["storage"]["disk"] = dict.fromkeys((one["preferred"], "node3"), one["storage"]["disk"])
    addresses = {f"node{number}": f"192.168.1.{10 + number}" for number in range(1, 4)}
    standby = {"standby": ["node3"], "share": share}
    three = Cluster(
        clusters.model(addresses, failover_services=services, failover_pacemaker=standby)
    )
    three.promotable("a", "node1", "node3")
    three.promotable("b", "node2", "node3")
    assert three.verified() == ""
    assert three.where() == {"a": ["node1"], "b": ["node2"]}
    assert three.copies("a") == {"node1": "Promoted", "node3": "Unpromoted"}
    assert three.copies("b") == {"node2": "Promoted", "node3": "Unpromoted"}
    three.lose("node1")
    assert three.where() == {"a": ["node3"], "b": ["node2"]}
    three.lose("node2")
    assert three.where() == {"a": ["node3"], "b": ["node3"] if share else []}
    three.bring("node2")
    three.promotable("b", "node2", "node3")
    assert three.where() == {"a": ["node3"], "b": ["node3" if share else "node2"]}
    # No other node has the data.
    three.lose("node3")
    assert three.where()["a"] == []
    assert "node2" not in three.copies("a")


def test_a_replicated_service_with_failback_goes_home() -> None:
    two = pair("node2", failback="automatic")
    two.lose("node2")
    two.bring("node2")
    two.promotable("shop", "node2")
    assert two.where() == {"shop": ["node2"]}


def test_a_constraint_of_drbds_handler_keeps_old_data_from_being_promoted() -> None:
    two = pair()
    two.constrain(
        """<rsc_location rsc="failover.shop.drbd.pair" id="drbd-fence-by-handler-shop">
        <rule role="Promoted" score="-INFINITY" id="drbd-fence-by-handler-shop-rule">
        <expression attribute="#uname" operation="ne" value="node1" id="drbd-fence-expr"/></rule>
        </rsc_location>"""
    )
    assert two.verified() == ""
    two.lose("node1")
    assert two.where() == {"shop": []}


TARGETS = {"failover_ping_targets": ["192.168.1.254"]}


def test_a_service_leaves_a_node_without_its_lan_and_stays_where_it_is_if_no_node_has_it() -> None:
    two = cluster(2, {"shop": "node1"}, **TARGETS)
    for node in two.nodes:
        two.measure(node, "failover-ping", "1")
    two.play()
    assert two.where() == {"shop": ["node1"]}
    two.measure("node1", "failover-ping", "0")
    two.play()
    assert two.where() == {"shop": ["node2"]}
    two.measure("node2", "failover-ping", "0")
    two.play()
    assert two.where() == {"shop": ["node2"]}


def test_a_lan_outweighs_the_way_home() -> None:
    two = cluster(2, {"shop": "node1"}, {"failback": "automatic"}, **TARGETS)
    two.measure("node1", "failover-ping", "0")
    two.measure("node2", "failover-ping", "1")
    two.play()
    assert two.where() == {"shop": ["node2"]}
    two.measure("node1", "failover-ping", "1")
    two.play()
    assert two.where() == {"shop": ["node1"]}


@pytest.mark.parametrize("first", ["a", "b"])
@pytest.mark.parametrize("share", [True, False])
def test_one_standby_takes_the_first_failover_and_the_second_only_if_it_is_shared(
    first: str, share: bool
) -> None:
    homes = {"a": "node1", "b": "node2"}
    homes = {first: homes[first], **homes}
    three = cluster(3, homes, failover_pacemaker={"standby": ["node3"], "share": share})
    assert three.verified() == ""
    assert three.where() == {"a": ["node1"], "b": ["node2"]}
    three.lose("node1")
    assert three.where() == {"a": ["node3"], "b": ["node2"]}
    three.lose("node2")
    # Whatever stands first in the list: what runs is not stopped for what comes.
    assert three.where() == {"a": ["node3"], "b": ["node3"] if share else []}
    three.bring("node1")
    assert three.where() == {"a": ["node3"], "b": ["node3"] if share else ["node1"]}


def test_two_standbys_take_a_failover_each() -> None:
    homes = {"a": "node1", "b": "node2"}
    standby = {"standby": ["node3", "node4"], "share": False}
    four = cluster(4, homes, failover_pacemaker=standby)
    four.lose("node1", "node2")
    places = four.where()
    assert sorted([*places["a"], *places["b"]]) == ["node3", "node4"]


def test_services_of_one_node_go_to_its_standby_together() -> None:
    homes = {"a": "node1", "b": "node1", "c": "node2"}
    standby = {"standby": ["node3"], "share": False}
    three = cluster(3, homes, failover_pacemaker=standby)
    three.lose("node1")
    assert three.where() == {"a": ["node3"], "b": ["node3"], "c": ["node2"]}
    three.lose("node2")
    assert three.where()["c"] == []


def test_a_service_that_comes_leaves_the_others_where_they_run() -> None:
    standby = {"failover_pacemaker": {"standby": ["node3"], "share": False}}
    three = cluster(3, {"a": "node1"}, **standby)
    three.lose("node1")
    three.bring("node1")
    assert three.where() == {"a": ["node3"]}
    three.change(model(3, {"a": "node1", "b": "node2"}, **standby))
    assert three.where() == {"a": ["node3"], "b": ["node2"]}
