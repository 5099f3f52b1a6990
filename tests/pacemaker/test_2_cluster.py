# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real cluster of two nodes gets what is rendered, and is changed, moved, and loses a node.

The tests follow each other, as days of one cluster. The fence devices are Debian's fence_dummy.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._engines import pacemaker
from ansible_collections.failover.cluster.plugins.module_utils._engines._base import Refused

from tests.pacemaker import clusters, room
from tests.pacemaker.changing import change, tools

pytestmark = pytest.mark.usefixtures("cluster")
LIMIT_S = 120.0
ONE = {"ocf": "pacemaker:Dummy", "name": "one"}
TWO = {"ocf": "pacemaker:Dummy", "name": "two", "after": ["one"]}
SHOP = {
    "name": "shop",
    "preferred": "node1",
    "addresses": [f"{room.SUBNET}.100/24"],
    "applications": [TWO, ONE],
}
MAIL = {"name": "mail", "preferred": "node2", "addresses": [f"{room.SUBNET}.101/24"]}


def rendered(*services: dict[str, Any], **more: Any) -> str:
    given = list(services) or [SHOP, MAIL]
    return clusters.files(clusters.model(room.NODES, failover_services=given, **more))["cib.xml"]


def ask(argv: Sequence[str]) -> tuple[int, str, str]:
    """Run a command on the first node."""
    return room.asked("node1", *argv)


@pytest.fixture(scope="module")
def cluster(containers: None) -> Iterator[None]:
    """Corosync and Pacemaker run on both nodes with what is rendered; there is no resource yet."""
    files = clusters.files(clusters.model(room.NODES, failover_services=[SHOP, MAIL]))
    for node in room.NODES:
        room.put(node, "/etc/corosync/corosync.conf", files["corosync.conf"], "0644")
        room.put(node, "/etc/corosync/authkey", files["authkey"], "0400")
        room.agents(node)
    for node in room.NODES:
        room.inside(node, "systemctl", "start", "corosync", "pacemaker")
    until(lambda: status().get("silent") == [])
    yield


def until(true: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end, room.asked("node1", "crm_mon", "-1", "-r")[1]
        time.sleep(0.5)


def status() -> dict[str, Any]:
    return pacemaker.ENGINE.status(ask)


def address_of(address: str) -> list[str]:
    """The nodes that have an address."""
    show = ("ip", "-brief", "address")
    return [node for node in room.NODES if f"{address}/" in room.inside(node, *show)]


def places() -> dict[str, Any]:
    found = status().get("services", [])
    return {one["name"]: one["owner"] for one in found if one["state"] == "running"}


def test_links_are_encrypted_and_both_nodes_are_members() -> None:
    said = room.inside("node1", "corosync-cmapctl", "-g", "totem.crypto_cipher")
    assert "aes256" in said
    assert "2Node Quorate WaitForAll" in room.asked("node1", "corosync-quorumtool")[1]


def test_check_mode_changes_nothing_and_hides_what_nobody_may_see() -> None:
    told = change(rendered(), check=True)
    assert told["changed"] and told["interrupted"] == []
    assert "failover.shop.application.one" in told["diff"]["after"]
    assert "hidden-word" not in str(told)
    assert "failover." not in room.inside("node1", "cibadmin", "--query")


def test_the_services_run_where_they_belong_and_a_second_run_changes_nothing() -> None:
    assert change(rendered())["changed"]
    until(lambda: places() == {"shop": "node1", "mail": "node2"})
    assert change(rendered()) == {"changed": False, "interrupted": [], "refused": "", "attempts": 0}
    told = status()
    assert (told["nodes"], told["maintenance"], told["standby"]) == (["node1", "node2"], False, [])
    until(lambda: status()["health"] == {"state": "ok", "findings": []})


def test_a_change_of_somebody_else_at_the_same_moment_is_kept() -> None:
    moments = iter(("41", "42"))

    def meanwhile(argv: Sequence[str]) -> None:
        value = next(moments, "") if "--patch" in argv else ""
        if value:
            room.inside("node2", "crm_attribute", "--name", "batch-limit", "--update", value)

    told = change(rendered(failover_pacemaker={"stickiness": 500}), by=tools("node1", meanwhile))
    assert (told["changed"], told["attempts"]) == (True, 3)
    live = room.inside("node1", "cibadmin", "--query")
    assert 'name="batch-limit" value="42"' in live
    assert 'name="resource-stickiness" value="500"' in live


def test_who_never_finds_a_quiet_moment_gives_up_and_changes_nothing() -> None:
    number = iter(range(100))

    def meanwhile(argv: Sequence[str]) -> None:
        if "--patch" in argv:
            value = str(50 + next(number))
            room.inside("node2", "crm_attribute", "--name", "batch-limit", "--update", value)

    told = change(rendered(), by=tools("node1", meanwhile), attempts=2)
    assert "others changed the cluster during each of 2 attempts" in told["refused"]
    assert 'name="resource-stickiness" value="500"' in room.inside("node1", "cibadmin", "--query")


def test_what_others_added_and_the_words_of_an_operator_stay() -> None:
    theirs = '<primitive id="theirs" class="ocf" provider="pacemaker" type="Dummy"/>'
    room.inside("node1", "cibadmin", "--create", "--scope", "resources", "--xml-text", theirs)
    meta = ("--meta", "--set-parameter", "target-role", "--parameter-value", "Started")
    room.inside("node1", "crm_resource", "--resource", "failover.mail", *meta)
    meta = ("--meta", "--set-parameter", "resource-stickiness", "--parameter-value", "7")
    room.inside("node1", "crm_resource", "--resource", "failover.shop", *meta)
    assert change(rendered())["changed"]
    live = room.inside("node1", "cibadmin", "--query")
    assert 'id="theirs"' in live and 'name="target-role" value="Started"' in live
    assert 'name="resource-stickiness" value="7"' not in live
    assert not change(rendered())["changed"]


def test_a_change_that_interrupts_a_service_needs_a_word() -> None:
    other = {**SHOP, "addresses": [f"{room.SUBNET}.102/24"]}
    before = room.inside("node1", "cibadmin", "--query", "--scope", "resources")
    told = change(rendered(other, MAIL))
    assert "failover.shop.application.one is stopped and started again on node1" in told["refused"]
    assert "-e interrupt=shop" in told["refused"]
    assert before == room.inside("node1", "cibadmin", "--query", "--scope", "resources")
    foreseen = change(rendered(other, MAIL), check=True)
    assert "# failover.shop.application.one is stopped" in foreseen["diff"]["after"]
    assert change(rendered(other, MAIL), interrupt=["shop"])["changed"]
    until(lambda: places() == {"shop": "node1", "mail": "node2"})
    assert f"{room.SUBNET}.102" in room.inside("node1", "ip", "-brief", "address")
    assert change(rendered(), interrupt=["shop"])["changed"]
    until(lambda: places() == {"shop": "node1", "mail": "node2"})


def test_what_pacemaker_calls_wrong_is_never_applied() -> None:
    wrong = rendered().replace("<rsc_location ", '<rsc_location bad="yes" ', 1)
    assert "Pacemaker would refuse the configuration" in change(wrong)["refused"]


def test_a_service_is_moved_and_stays_there_without_an_order_left_behind() -> None:
    seconds = pacemaker.ENGINE.switchover(ask, "shop", "node2", 60)
    assert 0 < seconds < 60
    assert places()["shop"] == "node2"
    assert "cli-" not in room.inside("node1", "cibadmin", "--query", "--scope", "constraints")
    assert not change(rendered())["changed"]
    pacemaker.ENGINE.switchover(ask, "shop", "node1", 60)
    assert places()["shop"] == "node1"


def test_a_node_in_standby_gives_its_services_away() -> None:
    pacemaker.ENGINE.standby(ask, "node2", True)
    until(lambda: places() == {"shop": "node1", "mail": "node1"})
    assert status()["standby"] == ["node2"]
    with pytest.raises(Refused, match="node2 is not there, or in standby"):
        pacemaker.ENGINE.switchover(ask, "mail", "node2", 60)
    assert not change(rendered())["changed"]
    pacemaker.ENGINE.standby(ask, "node2", False)
    until(lambda: status()["standby"] == [])
    pacemaker.ENGINE.switchover(ask, "mail", "node2", 60)


def test_nothing_is_done_in_maintenance() -> None:
    pacemaker.ENGINE.maintenance(ask, True)
    assert status()["maintenance"]
    assert not change(rendered())["changed"]
    with pytest.raises(Refused, match="in maintenance"):
        pacemaker.ENGINE.switchover(ask, "shop", "node2", 60)
    pacemaker.ENGINE.maintenance(ask, False)
    assert not status()["maintenance"]


def test_a_service_that_leaves_the_inventory_stops_when_that_was_asked_for() -> None:
    assert "failover.mail.address" in change(rendered(SHOP))["refused"]
    assert change(rendered(SHOP), leaving=["mail"])["changed"]
    address = f"{room.SUBNET}.101"
    until(lambda: address not in room.inside("node2", "ip", "-brief", "address"))
    assert list(places()) == ["shop"]
    assert change(rendered())["changed"]
    until(lambda: places() == {"shop": "node1", "mail": "node2"})


def test_a_service_starts_nowhere_while_somebody_else_has_its_address() -> None:
    """The host of the containers, which is on their LAN, has it first."""
    third = {"name": "third", "addresses": [f"{room.SUBNET}.103/24"]}
    room.reachable()
    room.taken(f"{room.SUBNET}.103/24", True)
    try:
        assert change(rendered(SHOP, MAIL, third))["changed"]
        until(lambda: "is in use by" in str(status()["services"]))
        assert address_of(f"{room.SUBNET}.103") == []
        assert places() == {"shop": "node1", "mail": "node2"}
    finally:
        room.taken(f"{room.SUBNET}.103/24", False)
    room.inside("node1", "crm_resource", "--cleanup")
    until(lambda: places() == {"shop": "node1", "mail": "node2", "third": "node1"})
    assert change(rendered(), leaving=["third"])["changed"]


def test_the_services_of_a_node_that_dies_run_on_the_other_after_its_fence() -> None:
    subprocess.run([*room.PODMAN, "kill", f"{room.NETWORK}-node2"], check=True, capture_output=True)
    until(lambda: places() == {"shop": "node1", "mail": "node1"})
    assert status()["silent"] == ["node2"]
    history = room.inside("node1", "stonith_admin", "--history", "node2")
    assert "reboot" in history or "was able to" in history
    assert not change(rendered())["changed"]


def test_a_node_that_boots_alone_waits_until_a_person_says_that_the_other_is_off() -> None:
    room.inside("node1", "systemctl", "stop", "pacemaker", "corosync")
    room.inside("node1", "systemctl", "start", "corosync", "pacemaker")
    until(lambda: "no quorum" in str(status().get("services")))
    assert places() == {}
    said = pacemaker.ENGINE.confirm_fenced(ask, "node2", "alice")
    assert said == "node2 is taken for fenced; recorded"
    until(lambda: places() == {"shop": "node1", "mail": "node1"})
