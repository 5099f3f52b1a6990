# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks below the replication that fail or hang (F35, F44). S1 and S2 are checked by the fixture.

A layer takes the place of the device until the next boot; nothing of the cluster is told.
"""

from __future__ import annotations

import time

from tests.kernels import layer, observe
from tests.kernels.conftest import Cluster

DISK, AWAY, NAME = "/dev/ubdc", "/dev/ubdc.below", "below"
SLIP_IN = f"mv {DISK} {AWAY} && {layer.create(NAME, AWAY)} && ln -s /dev/mapper/{NAME} {DISK}"


def slip_in(cluster: Cluster, node: str) -> None:
    """Put the layer below the replication of the standby, for its next life only."""
    boot = cluster.boot(node)
    layer.install(cluster.lab, node, NAME, SLIP_IN, enable="enable")
    cluster.lab.ssh(node, "systemctl reboot", check=False)
    observe.wait_new_life(cluster, node, boot)
    cluster.heal()
    cluster.lab.ssh(node, f"systemctl disable {NAME} && dmsetup status {NAME}")


def owner_above_layer(cluster: Cluster) -> str:
    """Make the node with the layer the owner; returns it."""
    node = cluster.standby
    slip_in(cluster, node)
    cluster.lab.ssh(node, f"failoverctl switchover {cluster.stage.service}", timeout=180)
    assert cluster.serves() and cluster.owner == node
    cluster.heal()
    return node


def test_f35_errors_of_the_owners_disk(cluster: Cluster) -> None:
    """The kernel lets go of the disk; the other copy is current, so the service moves there."""
    owner = owner_above_layer(cluster)
    standby = cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    layer.fail(cluster.lab, owner, NAME, AWAY, "errors")
    observe.wait_active(cluster, standby)
    assert cluster.serves()
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots, "it was no handover"
    cluster.lab.power(owner, "reset")
    cluster.heal()
    assert cluster.owner == standby


def test_f44_the_owners_disk_hangs(cluster: Cluster) -> None:
    """What waits for it can neither go on nor be stopped: the node has to go."""
    owner = owner_above_layer(cluster)
    standby, boot, began = cluster.standby, cluster.boot(owner), time.time()
    layer.fail(cluster.lab, owner, NAME, AWAY, "hangs")
    observe.wait_active(cluster, standby, timeout=300.0)
    assert cluster.serves()
    cluster.heal()
    assert cluster.owner == standby
    assert cluster.boot(owner) != boot
    assert observe.entries(cluster, owner, began, "disk-sick") or observe.entries(
        cluster, owner, began, "resource-failed"
    ), "nobody saw it"


def test_f44_the_standbys_disk_hangs(cluster: Cluster) -> None:
    """Told now, and not on the day of the failover; and the owner does not wait for it for ever."""
    owner, standby = cluster.owner, cluster.standby
    slip_in(cluster, standby)
    began = time.time()
    layer.fail(cluster.lab, standby, NAME, AWAY, "hangs")
    cluster.wait(
        lambda: bool(observe.entries(cluster, standby, began, "disk-sick")), "the alert", 120.0
    )
    cluster.wait(
        lambda: not observe.service(cluster, owner).get("standby", {}).get("able", True),
        "the standby known to be unable",
    )
    assert cluster.serves(), "the owner waits for the disk of the other node"
    assert cluster.owner == owner
    cluster.lab.power(standby, "reset")
    cluster.heal()
    assert cluster.owner == owner
