# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use the disk that both nodes see. S1 and S2 are checked by the fixture."""

from __future__ import annotations

import time

import pytest

from tests.kernels import layer, observe
from tests.kernels.conftest import Cluster

from .conftest import LAYER, LOCKS

STEAL = """
import os, sys
sys.path.insert(0, "/usr/lib/failoverd")
from failoverd.core.lock import Record
from failoverd.fencing.sfex.format import decode_record, encode
from failoverd.fencing.sfex.disk import Disk
disk = Disk(sys.argv[1])
found = decode_record(disk.read(1), "orders", sys.argv[2])
disk.write(1, encode(Record(found.cluster, found.service, "thief", 4711, found.counter + 1)))
print(found.owner)
"""


def reset_by_itself(cluster: Cluster, node: str, boot: str, *words: str) -> None:
    """The node begins a new life, and says why it ended the one before.

    Which of the two serves then is open: it may be back before its lock has aged out.
    """
    observe.wait_new_life(cluster, node, boot)
    cluster.wait(
        lambda: any(
            all(word in entry["text"] for word in words)
            for entry in cluster.history(node)
            if entry["code"] == "self-reset"
        ),
        f"{node}: why it reset itself",
    )


def test_a_power_cut_of_the_owner(cluster: Cluster) -> None:
    """Nobody can ask whether it is off: its locks age out."""
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.power(owner, "off")
    observe.wait_active(cluster, standby, timeout=180.0)
    assert cluster.serves()
    cluster.heal()
    assert cluster.owner == standby, "F10: no automatic failback"


def test_a_switchover_gives_the_lock_away(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    cluster.lab.ssh(owner, f"failoverctl switchover {cluster.stage.service}", timeout=180)
    assert cluster.serves()
    assert cluster.owner == standby
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots


def test_f14_all_links_cut_and_the_owner_goes_on(cluster: Cluster) -> None:
    """It counts its lock up for as long as it lives; the other one sees that and waits."""
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    began = time.time()
    observe.cut(cluster, standby)
    cluster.wait(
        lambda: bool(observe.entries(cluster, standby, began, "fence-failed")),
        "the standby trying to take the lock",
        timeout=180.0,
    )
    assert owner in observe.wait_blocked(cluster, standby, owner)
    assert cluster.serves()
    assert observe.never_active(cluster, standby, began)
    observe.mend_links(cluster, standby)
    cluster.heal()
    assert cluster.owner == owner
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots


def test_f64_a_stolen_lock_resets_its_owner_at_once(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    steal = f"python3 - {LOCKS} {cluster.stage.service}"
    was = cluster.lab.ssh(standby, steal, input=STEAL).stdout.strip()
    assert was == owner
    reset_by_itself(cluster, owner, boot, "taken by thief")
    cluster.heal()
    assert cluster.serves()


@pytest.mark.parametrize("how", ["errors", "hangs"])
def test_f65_an_owner_that_cannot_renew_its_lock_resets_itself(cluster: Cluster, how: str) -> None:
    owner = cluster.owner
    boot = cluster.boot(owner)
    layer.fail(cluster.lab, owner, LAYER, LOCKS, how)
    reset_by_itself(cluster, owner, boot, "could not be renewed")
    cluster.heal()
    assert cluster.serves()


def test_the_file_system_itself_refuses_a_second_mount(cluster: Cluster) -> None:
    """Should all else be got round by hand: multi-mount protection."""
    standby, owner = cluster.standby, cluster.owner
    done = cluster.lab.ssh(standby, "mount /dev/ubdc /mnt", check=False, timeout=180)
    assert done.returncode != 0, "two nodes have it mounted"
    assert cluster.serves() and cluster.owner == owner
