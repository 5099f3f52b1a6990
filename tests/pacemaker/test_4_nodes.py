# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node joins a running cluster and leaves it again, while a client asks its service all the time.

The tests follow each other, as days of one cluster. They do what the role does, without Ansible.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._engines import pacemaker
from ansible_collections.failover.cluster.plugins.modules import pacemaker_nodes

from tests.pacemaker import asking, clusters, room
from tests.pacemaker.changing import change

LIMIT_S = 400.0
AT = f"{room.SUBNET}.100"
SHOP = {
    "name": "shop",
    "preferred": "node1",
    "addresses": [f"{AT}/24"],
    "applications": [{"unit": f"{asking.NAME}.service"}],
}
MAIL = {"name": "mail", "preferred": "node2", "addresses": [f"{room.SUBNET}.101/24"]}


def files(nodes: Mapping[str, str]) -> dict[str, str]:
    timing = {"dead_s": 20}
    return clusters.files(
        clusters.model(nodes, failover_services=[SHOP, MAIL], failover_timing=timing)
    )


def ask(argv: Sequence[str]) -> tuple[int, str, str]:
    return room.asked("node1", *argv)


def status() -> dict[str, Any]:
    return pacemaker.ENGINE.status(ask)


def places() -> dict[str, Any]:
    found = status().get("services", [])
    return {one["name"]: one["owner"] for one in found if one["state"] == "running"}


def quorum(node: str = "node1") -> dict[str, str]:
    """What votequorum says there."""
    lines = room.asked(node, "corosync-quorumtool", "-s")[1].splitlines()
    pairs = [line.partition(":") for line in lines]
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end, room.asked("node1", "crm_mon", "-1", "-r")[1]
        time.sleep(0.5)


def written(nodes: Mapping[str, str]) -> dict[str, str]:
    """The files of a cluster of these nodes, on each of them."""
    made = files(nodes)
    for node in nodes:
        room.put(node, "/etc/corosync/corosync.conf", made["corosync.conf"], "0644")
        room.put(node, "/etc/corosync/authkey", made["authkey"], "0400")
    return made


@pytest.fixture(scope="module")
def client(containers: None) -> Iterator[asking.Client]:
    """A cluster of two nodes, and somebody who asks its service."""
    room.emptied()
    room.reachable()
    for node in room.ALL:
        room.agents(node)
        asking.install(node)
    made = written(room.NODES)
    for node in room.NODES:
        room.inside(node, "systemctl", "start", "corosync", "pacemaker")
    until(lambda: status().get("silent") == [] and len(status()["nodes"]) == 2)
    assert change(made["cib.xml"])["changed"]
    until(lambda: places() == {"shop": "node1", "mail": "node2"})
    until(lambda: room.asked("node1", "pgrep", "-f", "http.server")[0] == 0)
    time.sleep(1)
    with asking.asked(AT) as client:
        until(lambda: client.answers)
        yield client


def test_a_node_joins_by_a_reload_and_no_answer_is_missed(client: asking.Client) -> None:
    assert "2Node" in quorum()["Flags"]
    before = room.inside("node1", "pidof", "corosync")
    made = written(room.ALL)
    room.inside("node1", "corosync-cfgtool", "-R")
    room.inside("node3", "systemctl", "start", "corosync", "pacemaker")
    until(lambda: status()["nodes"] == list(room.ALL) and status()["silent"] == [])
    told = change(made["cib.xml"])
    assert (told["changed"], told["interrupted"]) == (True, [])
    until(lambda: status()["health"]["state"] == "ok")
    assert (quorum()["Quorum"], "2Node" in quorum()["Flags"]) == ("2", False)
    assert room.inside("node1", "pidof", "corosync") == before
    assert places() == {"shop": "node1", "mail": "node2"}
    assert client.failures == []


def test_the_new_node_takes_services_and_may_not_leave_with_one(client: asking.Client) -> None:
    pacemaker.ENGINE.switchover(ask, "mail", "node3", int(LIMIT_S))
    said = pacemaker_nodes.bound(status(), "node3", list(room.NODES))
    assert said.startswith("mail runs on it.")
    # Nor may it be left out of the inventory, with or without a service.
    pacemaker.ENGINE.switchover(ask, "mail", "node2", int(LIMIT_S))
    assert "node3 is a member" in pacemaker_nodes.refusal(status(), list(room.NODES))
    assert pacemaker_nodes.bound(status(), "node3", list(room.NODES)) == ""
    assert client.failures == []


def test_it_leaves_and_the_others_are_a_pair_again(client: asking.Client) -> None:
    room.inside("node3", "systemctl", "stop", "pacemaker", "corosync")
    until(lambda: status()["silent"] == ["node3"])
    assert pacemaker_nodes.refusal(status(), list(room.NODES)) == ""
    made = written(room.NODES)
    room.inside("node1", "corosync-cfgtool", "-R")
    told = change(made["cib.xml"])
    assert (told["changed"], told["interrupted"]) == (True, [])
    assert pacemaker_nodes.forget(ask, ["node3"]) == ""
    until(lambda: status()["nodes"] == list(room.NODES))
    assert "node3" not in room.inside("node1", "cibadmin", "--query")
    assert not change(made["cib.xml"])["changed"]
    for node in room.NODES:
        until(lambda node=node: "2Node" in quorum(node)["Flags"])  # type: ignore[misc]
    assert places() == {"shop": "node1", "mail": "node2"}
    assert client.failures == []


def test_each_of_the_pair_goes_on_without_the_other(client: asking.Client) -> None:
    subprocess.run([*room.PODMAN, "kill", f"{room.NETWORK}-node2"], check=True, capture_output=True)
    until(lambda: places() == {"shop": "node1", "mail": "node1"})
    assert client.failures == []
