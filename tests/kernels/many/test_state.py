# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F73: a node that has lost its state directory and its clock is heard again, and nothing moves."""

from __future__ import annotations

import time

import pytest

from tests.kernels import observe
from tests.kernels.conftest import Cluster

from .test_fifty import all_on, status

pytestmark = pytest.mark.finding("S4")

LOSE = (
    "systemctl stop failoverd && find /var/lib/failoverd -mindepth 1 -delete"
    " && date -s 2001-01-01 && systemctl start failoverd"
)


def test_f73_a_standby_that_was_emptied_and_lost_its_clock_is_heard(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    before, began = status(cluster, standby)["incarnation"], time.time()
    now = time.time()
    cluster.lab.ssh(standby, LOSE)
    try:
        cluster.wait(
            lambda: status(cluster, standby).get("peer", {}).get("life") == "alive",
            "the standby hearing the owner",
        )
        cluster.wait(
            lambda: all(s["standby"]["able"] for s in status(cluster, owner)["services"]),
            "a standby that is able",
        )
        assert status(cluster, standby)["incarnation"] > before
        assert "life-raised" in [entry["code"] for entry in cluster.history(standby)]
    finally:
        cluster.lab.ssh(standby, f"date -s @{now + 60:.0f}")
    assert not observe.entries(cluster, owner, began, "fence")
    assert all_on(cluster, owner, owner)


def test_f73_an_owner_whose_state_directory_is_read_only_keeps_its_services(
    cluster: Cluster,
) -> None:
    owner, standby = cluster.owner, cluster.standby
    began = time.time()
    command = "mount --bind -o ro /var/lib/failoverd /var/lib/failoverd"
    cluster.lab.ssh(owner, command)
    try:
        for _round in range(3):
            cluster.lab.ssh(owner, "systemctl restart failoverd")
            cluster.wait(lambda: all_on(cluster, owner, owner), "all services where they were")
        assert "cannot be kept" in cluster.lab.ssh(owner, "failoverctl status").stdout
        assert not observe.entries(cluster, standby, began, "fence")
    finally:
        cluster.lab.ssh(owner, "umount /var/lib/failoverd && systemctl restart failoverd")
    cluster.wait(lambda: all_on(cluster, owner, standby), "all services where they were")
    assert cluster.serves()
