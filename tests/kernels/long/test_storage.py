# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with the disk of a service beside the service, with real kernels and real DRBD."""

from __future__ import annotations

import time

import pytest

from tests.kernels.conftest import Cluster

HOLD = """
mkdir -p {mount}/www /var/www-of-shop
mount --bind {mount}/www /var/www-of-shop
systemd-run --quiet --unit=holder --property=PrivateMounts=yes \
  sh -c 'mount --make-rprivate / && exec sleep 3600'
sleep 1
"""
MOUNTED = "cat /proc/[0-9]*/mountinfo 2>/dev/null | grep -c ' /dev/drbd' || true"


@pytest.mark.finding("S1")
def test_f71_a_disk_that_is_mounted_elsewhere_moves_and_nobody_is_fenced(cluster: Cluster) -> None:
    """A bind mount and a private namespace: the one is unmounted, and so is the other."""
    owner, standby = cluster.owner, cluster.standby
    mount = cluster.site.target.watch.mount
    boot, began = cluster.boot(owner), time.time()
    cluster.lab.ssh(owner, HOLD.format(mount=mount))
    assert int(cluster.lab.ssh(owner, MOUNTED).stdout) > 1
    cluster.lab.ssh(owner, f"failoverctl switchover {cluster.stage.service}")
    assert cluster.serves()
    assert cluster.owner == standby
    assert int(cluster.lab.ssh(owner, MOUNTED).stdout) == 0
    assert cluster.boot(owner) == boot
    told = [entry for entry in cluster.history(owner) if entry["time"] >= began]
    places = [entry["text"] for entry in told if entry["code"] == "unmounted-elsewhere"]
    assert any("/var/www-of-shop" in text for text in places)
    assert "stop-failed" not in {entry["code"] for entry in told}
    # Who uses nothing of the disk lives on.
    assert cluster.lab.ssh(owner, "systemctl is-active holder").stdout.strip() == "active"
    cluster.lab.ssh(owner, "systemctl stop holder")


@pytest.mark.finding("S21")
def test_f54_a_disk_that_the_kernel_uses_is_waited_for(cluster: Cluster) -> None:
    """No process holds a file of a loop device; it is freed while the stop goes on trying."""
    owner, standby = cluster.owner, cluster.standby
    mount = cluster.site.target.watch.mount
    boot = cluster.boot(owner)
    hold = (
        f"modprobe loop; truncate -s 1M {mount}/image && losetup -f {mount}/image"
        f" && systemd-run --quiet sh -c 'sleep 6; losetup -j {mount}/image | cut -d: -f1"
        " | xargs -r losetup -d'"
    )
    cluster.lab.ssh(owner, hold)
    cluster.lab.ssh(owner, f"failoverctl switchover {cluster.stage.service}")
    assert cluster.serves()
    assert cluster.owner == standby
    assert cluster.boot(owner) == boot, "it was fenced for a loop device"


@pytest.mark.finding("S31")
def test_f91_a_full_disk_is_taken_over_and_its_database_starts(cluster: Cluster) -> None:
    """The reserve is given up on the other node; then there is room to clean up in."""
    owner, standby = cluster.owner, cluster.standby
    mount = cluster.site.target.watch.mount
    cluster.wait(
        lambda: (
            cluster.lab.ssh(owner, f"test -d {mount}/.failover-reserve", check=False).returncode
            == 0
        ),
        "a reserve",
    )
    cluster.lab.ssh(owner, f"cat /dev/zero > {mount}/ballast; sync; true", check=False)
    cluster.lab.power(owner, "off")
    cluster.wait(lambda: cluster.stage.active() == standby, "the standby active")
    codes = {entry["code"] for entry in cluster.history(standby)}
    assert "reserve-given-up" in codes
    cluster.lab.ssh(standby, f"rm {mount}/ballast")
    assert cluster.serves()
    cluster.heal()
