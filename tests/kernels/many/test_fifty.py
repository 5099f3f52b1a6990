# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F74: fifty services with names of 31 letters on real kernels. The fixture checks S1 and S2."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.kernels import observe
from tests.kernels.conftest import Cluster

pytestmark = pytest.mark.finding("S3")

COUNT, UNITS = 50, 9


def status(cluster: Cluster, node: str) -> dict[str, Any]:
    """What failoverctl says there; empty if nobody answers."""
    done = cluster.lab.ssh(node, "failoverctl status --json", check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def all_on(cluster: Cluster, node: str, asked: str) -> bool:
    """Every service runs there."""
    services = status(cluster, asked).get("services", [])
    there = [s for s in services if (s["owner"], s["state"]) == (node, "running")]
    return len(services) == len(there) == COUNT


def addresses(cluster: Cluster, node: str) -> int:
    """How many addresses of the light services the node has."""
    return int(cluster.lab.ssh(node, "ip -4 -o address show | grep -c ' 10.44.10.' || true").stdout)


def units(cluster: Cluster, node: str) -> int:
    """How many of their units run there."""
    command = "systemctl list-units --plain --no-legend 'light@*' | grep -c running || true"
    return int(cluster.lab.ssh(node, command).stdout)


def test_f74_two_nodes_hear_each_other_over_every_link(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    cluster.wait(lambda: all_on(cluster, owner, standby), "all services on one node")
    for node in (owner, standby):
        told = status(cluster, node)
        assert [link["state"] for link in told["links"]] == ["up"] * 3
        assert told["heartbeats"]["refused"] == {}
        codes = [entry["code"] for entry in cluster.history(node)]
        assert "fence" not in codes
    assert (addresses(cluster, owner), units(cluster, owner)) == (COUNT - 1, UNITS)
    assert (addresses(cluster, standby), units(cluster, standby)) == (0, 0)


def test_f74_the_serial_line_alone_carries_fifty_services(cluster: Cluster) -> None:
    """None is taken for silent, and none moves, while nothing else is left."""
    owner, standby = cluster.owner, cluster.standby
    began = time.time()
    for link in ("office", "mirror"):
        cluster.lab.link(standby, link, "no-udp")
    time.sleep(15.0)
    for node in (owner, standby):
        links = {link["name"]: link["state"] for link in status(cluster, node)["links"]}
        assert links["wire"] == "up", links
        assert not observe.entries(cluster, node, began, "peer-silent")
        assert not observe.entries(cluster, node, began, "fence")
    observe.mend_links(cluster, standby)
    assert all_on(cluster, owner, owner)


def test_f74_fifty_services_fail_over_and_nothing_is_lost(
    cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    owner, standby = cluster.owner, cluster.standby
    cut = time.time()
    cluster.lab.power(owner, "off")
    cluster.wait(lambda: all_on(cluster, standby, standby), "all services on the other node", 180.0)
    request.node.user_properties.append(("all_running_after_s", round(time.time() - cut, 1)))
    assert (addresses(cluster, standby), units(cluster, standby)) == (COUNT - 1, UNITS)
    assert cluster.serves()
    cluster.heal()
    cluster.wait(lambda: all_on(cluster, standby, owner), "the healed node hearing all of them")
