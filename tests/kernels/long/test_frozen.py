# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When frozen I/O may flow again, and what bars a standby. S1 and S2 are checked by the fixture."""

from __future__ import annotations

import time
from functools import partial

from tests.kernels import observe
from tests.kernels.conftest import Cluster

MARKS = "ls -A /run/failoverd/promote"


def suspended(cluster: Cluster, node: str) -> bool:
    """I/O is frozen there."""
    return bool((observe.service(cluster, node).get("disk") or {}).get("suspended"))


def daemon(cluster: Cluster, node: str) -> str:
    """The number of the daemon's process, 0 for none."""
    return cluster.lab.ssh(node, "systemctl show -p MainPID --value failoverd").stdout.strip()


def test_f41_neither_a_command_nor_a_new_daemon_lets_io_flow_beside_a_living_peer(
    cluster: Cluster,
) -> None:
    owner, standby = cluster.owner, cluster.standby
    for node in cluster.lab.nodes:
        cluster.lab.bmc(node, "refuse")
    observe.cut(cluster, standby)
    cluster.wait(partial(suspended, cluster, owner), "frozen I/O")
    shown = observe.shown(cluster, owner)
    assert "I/O FROZEN" in shown and f"failoverctl confirm-fenced {standby}" in shown
    cluster.lab.ssh(owner, f"failoverctl clear {cluster.stage.service}")
    wrong = cluster.lab.ssh(owner, f"failoverctl confirm-fenced {owner}", check=False)
    assert wrong.returncode != 0
    before = daemon(cluster, owner)
    cluster.lab.ssh(owner, f"kill -9 {before}")
    cluster.wait(
        lambda: daemon(cluster, owner) not in ("0", before) and suspended(cluster, owner),
        "a new daemon beside frozen I/O",
    )
    observe.silence(cluster, 5.0)
    assert suspended(cluster, owner)
    # A daemon that has never heard its peer does not shoot it (F09): a person cuts its power.
    cluster.lab.power(standby, "off")
    cluster.lab.bmc(standby, "normal")
    assert cluster.serves(), "the device says off, and I/O flows"
    cluster.heal()
    assert cluster.owner == owner


def test_f38_what_bars_a_standby_ends_with_its_resync_and_not_before(cluster: Cluster) -> None:
    """And the next loss is a new one: no answer to the one before is used again."""
    owner, standby = cluster.owner, cluster.standby
    mount = cluster.site.target.watch.mount
    began = time.time()
    cluster.lab.link(standby, "mirror", "down")
    cluster.wait(
        lambda: bool(observe.entries(cluster, standby, began, "outdated")), "the standby outdated"
    )
    assert cluster.serves()
    cluster.lab.ssh(owner, f"dd if=/dev/urandom of={mount}/ballast bs=1M count=48 conv=fsync")
    observe.narrow(cluster, owner, "mirror")
    cluster.lab.link(standby, "mirror", "up")
    resync = time.time()

    def able() -> bool:
        return bool(observe.service(cluster, owner).get("standby", {}).get("able"))

    def current() -> bool:
        sample = cluster.stage.observer.last(owner)
        return sample is not None and sample.time > resync and sample.healed

    cluster.wait(
        lambda: "SyncTarget" in cluster.lab.ssh(standby, "cat /proc/drbd").stdout, "the resync"
    )
    while not able():
        assert time.time() < resync + 180.0, "the standby stays barred"
    assert current() or cluster.stage.status(owner)["services"][0]["disk"]["peer_disk"] == (
        "UpToDate"
    ), "the standby was ready before its resync had ended"
    observe.widen(cluster, owner, "mirror")
    cluster.heal()
    for node in cluster.lab.nodes:
        assert cluster.lab.ssh(node, MARKS).stdout == ""
    again = time.time()
    cluster.lab.link(standby, "mirror", "down")
    cluster.wait(
        lambda: bool(observe.entries(cluster, standby, again, "outdated")),
        "it outdated itself",
    )
    assert cluster.serves()
    assert observe.entries(cluster, owner, again, "frozen")
    cluster.lab.link(standby, "mirror", "up")
    cluster.lab.ssh(owner, f"rm {mount}/ballast")
    cluster.heal()
    assert cluster.owner == owner


def test_f38_a_mark_of_a_promotion_that_was_cut_off_answers_no_later_loss(
    cluster: Cluster,
) -> None:
    """A daemon killed in the midst of a takeover leaves one; the next daemon removes it."""
    owner, standby = cluster.owner, cluster.standby
    mark = f"/run/failoverd/promote/{cluster.stage.service}"
    before = daemon(cluster, owner)
    cluster.lab.ssh(owner, f"ln -s /proc/{before}/cwd {mark} && kill -9 {before}")
    cluster.wait(lambda: daemon(cluster, owner) not in ("0", before), "the next daemon")
    cluster.wait(lambda: bool(observe.service(cluster, owner)), "its answer")
    assert cluster.lab.ssh(owner, MARKS).stdout == ""
    assert cluster.serves()
    began = time.time()
    for node in cluster.lab.nodes:
        cluster.lab.bmc(node, "refuse")
    observe.cut(cluster, standby)
    cluster.wait(partial(suspended, cluster, owner), "frozen I/O")
    observe.silence(cluster, 5.0)
    observe.mend_links(cluster, standby)
    observe.wait_shots_over(cluster, began)
    cluster.heal()
    assert cluster.serves()


def test_a_device_that_says_off_of_a_node_whose_kernel_answers_is_no_proof(
    cluster: Cluster,
) -> None:
    """It lies: its answer is weighed against the replication, which is a sign of life (F12)."""
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    began = time.time()
    cluster.lab.bmc(owner, "lie")
    for link, state in {"office": "no-udp", "mirror": "no-udp", "wire": "down"}.items():
        cluster.lab.link(standby, link, state)
    observe.wait_blocked(cluster, standby, owner, "said to be gone", "still answers as Primary")
    assert cluster.serves()
    assert observe.never_active(cluster, standby, began)
    cluster.lab.bmc(owner, "normal")
    observe.mend_links(cluster, standby)
    # Words of a life that was called dead stay void (F18); a new daemon is a new life.
    cluster.lab.ssh(owner, "systemctl restart failoverd")
    cluster.heal()
    assert cluster.owner == owner
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots
