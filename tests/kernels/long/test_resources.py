# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way of a start or a stop. S1 and S2 are checked by the fixture."""

from __future__ import annotations

import time

import pytest

from lab.errors import LabError
from tests.kernels import observe
from tests.kernels.conftest import OUT, Cluster

from .rival import rival


def test_f40_a_device_in_use_is_freed_for_the_demotion(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    disk = f"/dev/drbd{cluster.site.target.watch.minor}"
    holder = f"systemd-run --quiet --unit holder --property StandardInput=file:{disk} sleep 900"
    cluster.lab.ssh(owner, holder)
    cluster.lab.ssh(
        owner, f"failoverctl switchover {cluster.stage.service}", timeout=180, check=False
    )
    observe.wait_active(cluster, standby)
    assert cluster.serves()
    assert cluster.boot(owner) == boot, "it had to be fenced"


def test_f56_an_address_that_somebody_has_is_not_taken(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    began = time.time()
    address = cluster.site.target.watch.address
    prefix = cluster.lab.spec.lans[0].network.prefixlen
    cluster.lab.power(owner, "off")
    with rival(cluster.lab, address, prefix) as mac:
        why = observe.wait_blocked(cluster, standby, address)
        assert mac in why
        assert not any(
            sample.addressed
            for sample in cluster.stage.observer.samples(standby)
            if sample.time >= began
        )
    cluster.lab.ssh(standby, f"failoverctl clear {cluster.stage.service}")
    observe.wait_active(cluster, standby)
    assert cluster.serves()


def test_f43_other_drbd_files_than_ours_are_found_by_preflight(cluster: Cluster) -> None:
    path = f"/etc/drbd.d/{cluster.stage.service}.res"
    for change, nodes, words in (
        ("s/ping-int 1;/ping-int 2;/", [cluster.standby], "differs between"),
        ("s/resource-and-stonith/dont-care/", cluster.lab.nodes, "not resource-and-stonith"),
    ):
        for node in nodes:
            cluster.lab.ssh(node, f"cp -p {path} /root/kept && sed -i '{change}' {path}")
        try:
            with pytest.raises(LabError):
                cluster.site.play("preflight")
        finally:
            for node in nodes:
                cluster.lab.ssh(node, f"mv /root/kept {path}")
        said = " ".join((OUT / "preflight.log").read_text(encoding="utf-8").split())
        assert path in said and words in said
    cluster.site.play("preflight")
