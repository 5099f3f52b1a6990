# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose copy of the data may be used. S1 and S2 are checked by the fixture."""

from __future__ import annotations

import time

from tests.kernels import observe
from tests.kernels.conftest import Cluster, mark

NEWER = "the other node has newer data"
"""Said of an Outdated and of a Consistent disk, but not of one that is not up yet."""


def test_f07_both_lose_power_and_the_newer_copy_serves(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.power(standby, "off")
    assert cluster.serves(), "rows that only the owner has"
    cluster.lab.power(owner, "off")
    for node in (standby, owner):
        cluster.lab.power(node, "on")
    observe.wait_active(cluster, owner, timeout=240.0)
    assert cluster.serves()


def test_f07_both_lose_power_at_once(cluster: Cluster) -> None:
    for node in cluster.lab.nodes:
        cluster.lab.power(node, "off")
    for node in cluster.lab.nodes:
        cluster.lab.power(node, "on")
    cluster.wait(lambda: bool(cluster.stage.active()), "the service on one node", timeout=240.0)
    assert cluster.serves()


def test_f08_the_older_node_alone_does_not_start(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.power(standby, "off")
    assert cluster.serves(), "rows that only the owner has"
    cluster.lab.power(owner, "off")
    returned = time.time()
    cluster.lab.power(standby, "on")
    why = observe.wait_blocked(cluster, standby, NEWER)
    assert "Consistent" in why or "Outdated" in why, why
    cluster.wait(
        lambda: bool(observe.orders(cluster, standby, returned, "status")), "the device asked"
    )
    observe.silence(cluster, 2.0)
    assert observe.never_active(cluster, standby, returned)
    cluster.lab.power(owner, "on")
    observe.wait_active(cluster, owner)
    assert cluster.serves()


def test_f34_a_peer_that_is_off_is_dropped_before_drbd_notices(cluster: Cluster) -> None:
    """With this setting the kernel would see a Primary there for up to 12 s."""
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.ssh(standby, f"drbdadm net-options --ping-int=12 {cluster.stage.service}")
    before = noticed(cluster, standby)
    began = time.time()
    cluster.lab.power(owner, "off")
    observe.wait_active(cluster, standby)
    assert cluster.serves()
    assert noticed(cluster, standby) == before, "DRBD noticed by itself; nothing was shown"
    assert observe.entries(cluster, standby, began, "drop-peer")
    assert not observe.entries(cluster, standby, began, "failed")
    cluster.lab.ssh(standby, f"drbdadm adjust {cluster.stage.service}")
    cluster.heal()
    assert cluster.owner == standby


def noticed(cluster: Cluster, node: str) -> int:
    """How often DRBD has seen there that its peer does not answer."""
    asked = "dmesg | grep -c 'PingAck did not arrive' || true"
    return int(cluster.lab.ssh(node, asked).stdout)


def test_f35_the_owners_disk_fails(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    began = time.time()
    mark(node=owner, disk="fails")
    cluster.lab.ssh(owner, f"drbdadm detach --force {cluster.stage.service}")
    observe.wait_active(cluster, standby)
    assert cluster.serves()
    assert not observe.orders(cluster, standby, began, "off"), "a planned switchover fences nobody"
    assert "Diskless" in observe.service(cluster, owner)["standby"]["why"]
    mark(node=owner, disk="is back")
    cluster.lab.ssh(owner, f"drbdadm attach {cluster.stage.service}")
    cluster.heal()
    assert cluster.owner == standby


def test_f36_a_handler_that_fails_leaves_the_io_frozen(cluster: Cluster) -> None:
    """And F41: it flows again once the peer is excluded, and not before."""
    owner, standby = cluster.owner, cluster.standby
    handler = "/usr/lib/failoverd/fence-peer"
    began = time.time()
    cluster.lab.ssh(owner, f"mount --bind /bin/false {handler}")
    try:
        cluster.lab.bmc(standby, "dead")
        cluster.lab.power(standby, "off")
        cluster.wait(
            lambda: bool(observe.service(cluster, owner).get("disk", {}).get("suspended")),
            "frozen I/O",
        )
        cluster.wait(
            lambda: bool(observe.entries(cluster, owner, began, "fence-failed")), "a failed fence"
        )
        assert "I/O FROZEN" in observe.shown(cluster, owner)
        assert f"failoverctl confirm-fenced {standby}" in observe.shown(cluster, owner)
        observe.silence(cluster, 2.0)
        cluster.lab.ssh(owner, f"SUDO_USER=hanako failoverctl confirm-fenced {standby}")
        assert cluster.serves()
        (confirmed,) = observe.entries(cluster, owner, began, "confirmed")
        assert "hanako" in confirmed["text"] and standby in confirmed["text"]
        assert "I/O FROZEN" not in observe.shown(cluster, owner)
        observe.wait_shots_over(cluster, began)
    finally:
        cluster.lab.ssh(owner, f"umount {handler}")
    cluster.heal()
    assert cluster.owner == owner


def test_f37_the_link_returns_while_the_handler_waits(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    began = time.time()
    for node in cluster.lab.nodes:
        cluster.lab.bmc(node, "hang")
    observe.cut(cluster, standby)
    cluster.wait(
        lambda: bool(observe.entries(cluster, owner, began, "frozen")), "the handler waits"
    )
    observe.mend_links(cluster, standby)
    assert cluster.serves()
    observe.wait_shots_over(cluster, began)
    cluster.heal()
    assert cluster.owner == owner
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots
    assert observe.never_active(cluster, standby, began)


def test_f39_copies_that_have_diverged_are_left_to_people(cluster: Cluster) -> None:
    owner, standby, name = cluster.owner, cluster.standby, cluster.stage.service
    cluster.lab.power(standby, "off")
    assert cluster.serves(), "rows that only the owner has"
    cluster.lab.power(owner, "off")
    cluster.lab.power(standby, "on")
    observe.wait_blocked(cluster, standby, NEWER)
    # What no advice of ours says: the older copy is written to by force.
    disk = f"/dev/drbd{cluster.site.target.watch.minor}"
    by_hand = f"mount {disk} /mnt && touch /mnt/by-hand && umount /mnt"
    # Without its daemon the handler would wait for a minute; the next daemon puts it back.
    no_handler = "echo /bin/true >/sys/module/drbd/parameters/usermode_helper"
    force = (
        f"{no_handler} && drbdadm primary --force {name} && {by_hand} && drbdadm secondary {name}"
    )
    cluster.lab.ssh(standby, f"systemctl stop failoverd && {force}")
    began = time.time()
    cluster.lab.power(owner, "on")
    # Of two kernels that refuse each other one may only see that the other has gone.
    cluster.wait(
        lambda: any(
            "StandAlone" in cluster.lab.ssh(node, "cat /proc/drbd", check=False).stdout
            and observe.service(cluster, owner)
            for node in cluster.lab.nodes
        ),
        "the kernels refusing each other",
    )
    cluster.lab.ssh(standby, "systemctl start failoverd")
    for node in (owner, standby):
        observe.wait_blocked(cluster, node, "StandAlone", "recovery")
    # Told only when it lasts: a kernel that is just being brought up is StandAlone as well.
    cluster.wait(
        lambda: any(
            entry["level"] == "alert"
            for node in cluster.lab.nodes
            for entry in observe.entries(cluster, node, began, "split-brain")
        ),
        "people being told of the split brain",
    )
    for node in cluster.lab.nodes:
        assert observe.service(cluster, node)["disk"]["disk"] == "UpToDate", "nothing is discarded"
        assert observe.never_active(cluster, node, began)
    discard = f"drbdadm disconnect {name}; drbdadm connect --discard-my-data {name}"
    cluster.lab.ssh(standby, discard, check=False)
    cluster.lab.ssh(owner, f"drbdadm connect {name}", check=False)
    observe.wait_active(cluster, owner)
    assert cluster.serves()


def test_f42_an_outdated_standby_refuses(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.link(standby, "mirror", "down")
    cluster.wait(
        lambda: observe.service(cluster, standby).get("disk", {}).get("disk") == "Outdated",
        "the standby outdated",
    )
    assert cluster.serves(), "rows that only the owner has"
    died = time.time()
    cluster.lab.power(owner, "off")
    observe.wait_blocked(cluster, standby, "Outdated", "newer data")
    cluster.lab.link(standby, "mirror", "up")
    assert observe.never_active(cluster, standby, died)
    cluster.lab.power(owner, "on")
    observe.wait_active(cluster, owner)
    assert cluster.serves()
