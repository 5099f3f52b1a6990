# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dead machine is replaced by a bare one under load, and the old one is locked out for good.

Each test goes on where the one before it ended. S1 and S2 are checked by the fixture.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.errors import LabError
from tests.kernels import observe
from tests.kernels.conftest import Cluster

from . import machines
from .test_copies import connections, lives, log

BOOK = "replace_node"


def words(node: str) -> tuple[str, ...]:
    """What an operator says."""
    return ("-e", "cluster=orders", "-e", f"node={node}", "-e", f"confirm={node}")


def told(cluster: Cluster, node: str) -> dict[str, Any]:
    """What the daemon of a node says."""
    status: dict[str, Any] = json.loads(cluster.lab.ssh(node, "failoverctl status --json").stdout)
    return status


def disks(cluster: Cluster, node: str) -> list[str]:
    """The state of the copy there, and of the other one."""
    return cluster.lab.ssh(node, "drbdadm dstate orders").stdout.strip().split("/")


def test_a_node_that_lives_is_not_replaced(cluster: Cluster) -> None:
    before, standby = lives(cluster), cluster.standby
    keys = told(cluster, before[0])["heartbeats"]["keys"]
    with pytest.raises(LabError):
        cluster.site.play(BOOK, *words(standby))
    assert f"{before[0]} hears {standby}, so it lives." in log(BOOK)
    assert told(cluster, before[0])["heartbeats"]["keys"] == keys
    assert lives(cluster) == before


@pytest.mark.parametrize("dead", ["standby", "owner"])
def test_a_dead_machine_is_replaced_while_the_other_serves(cluster: Cluster, dead: str) -> None:
    lab = cluster.lab
    gone = cluster.standby if dead == "standby" else cluster.owner
    stays = cluster.stage.other(gone)
    lab.power(gone, "off")
    # Before anybody could switch it on again.
    machines.bare(lab, gone)
    observe.wait_active(cluster, stays)
    cluster.wait(lambda: told(cluster, stays)["peer"]["life"] == "gone", "the proof")
    assert cluster.serves()
    before, keys = lives(cluster), told(cluster, stays)["heartbeats"]["keys"]

    if lab.power_state(gone) == "off":
        with pytest.raises(LabError):
            cluster.site.play(BOOK, *words(gone))
        assert f"the new machine {gone} does not answer." in log(BOOK)
    machines.boot(lab, gone, like=stays)
    cluster.site.play(BOOK, "--check", *words(gone))
    assert told(cluster, stays)["heartbeats"]["keys"] == keys, "check mode renewed them"
    cluster.site.cut_off(BOOK, "failover.cluster.engine_agent : Write the key", *words(gone))
    cluster.site.cut_off(
        BOOK, "failover.cluster.drbd : Create, attach and connect the resources", *words(gone)
    )
    cluster.site.play(BOOK, *words(gone))

    assert lives(cluster) == before
    assert connections(cluster) == ["Connected", "Connected"]
    assert disks(cluster, stays) == ["UpToDate", "UpToDate"]
    now = [told(cluster, node)["heartbeats"]["keys"] for node in lab.nodes]
    assert now[0] == now[1] and not set(now[0]) & set(keys)
    assert cluster.site.play("site").changed == 0
    with pytest.raises(LabError):
        cluster.site.play(BOOK, *words(gone))
    assert f"{gone} is not bare" in log(BOOK)


def test_the_old_machine_is_locked_out_when_it_runs_again(cluster: Cluster) -> None:
    """It is the old owner. It knows the fence devices, but nobody hears it or replicates to it."""
    lab, stays, back = cluster.lab, cluster.owner, cluster.standby
    lab.power(back, "off")
    cluster.wait(lambda: told(cluster, stays)["peer"]["life"] == "gone", "the proof")
    before = lives(cluster)
    lab.power(back, "off")
    machines.exchange(lab, back)
    lab.power(back, "on")
    lab.wait_ready(nodes=[back])
    observe.wait_blocked(cluster, back)
    # What is signed with a strange key is dropped by the kernel, so it is counted nowhere.
    assert told(cluster, stays)["peer"]["life"] != "alive"
    assert "Connected" not in connections(cluster)
    assert lives(cluster) == before
    assert cluster.serves()
    lab.power(back, "off")
    machines.exchange(lab, back)
    cluster.heal()
    assert lives(cluster) == before
