# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way of a start or a stop. S1 and S2 are checked by the fixture."""

from __future__ import annotations

import time

from tests.lab import eyes
from tests.lab.conftest import Cluster

from .rival import rival


def test_f40_a_device_in_use_is_freed_for_the_demotion(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    holder = "systemd-run --quiet --unit holder --property StandardInput=file:/dev/drbd0 sleep 900"
    cluster.lab.ssh(owner, holder)
    cluster.lab.ssh(
        owner, f"failoverctl switchover {cluster.stage.service}", timeout=180, check=False
    )
    eyes.wait_active(cluster, standby)
    assert cluster.serves()
    assert cluster.boot(owner) == boot, "it had to be fenced"


def test_f56_an_address_that_somebody_has_is_not_taken(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    began = time.time()
    address = cluster.site.target.watch.address
    prefix = cluster.lab.spec.lans[0].network.prefixlen
    cluster.lab.power(owner, "off")
    with rival(cluster.lab, address, prefix) as mac:
        why = eyes.wait_blocked(cluster, standby, address)
        assert mac in why
        assert not any(
            sample.addressed
            for sample in cluster.stage.observer.samples(standby)
            if sample.time >= began
        )
    cluster.lab.ssh(standby, f"failoverctl clear {cluster.stage.service}")
    eyes.wait_active(cluster, standby)
    assert cluster.serves()
