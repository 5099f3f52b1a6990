# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster is for, played with real kernels. S1 and S2 are checked by the fixture."""

from __future__ import annotations

from .conftest import Cluster


def test_switchover_by_playbook_moves_the_service(cluster: Cluster) -> None:
    before, after = cluster.owner, cluster.standby
    cluster.site.play("failover", "-e", f"service={cluster.stage.service}")
    assert cluster.serves()
    assert cluster.owner == after != before


def test_f01_power_off_of_the_owner(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.power(owner, "off")
    assert cluster.serves()
    assert cluster.owner == standby
    cluster.heal()
    assert cluster.owner == standby, "F10: no automatic failback"


def test_f06_power_off_of_the_standby(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.power(standby, "off")
    assert cluster.serves()
    assert cluster.owner == owner


def test_f31_kill_of_the_daemon_touches_no_service(cluster: Cluster) -> None:
    owner = cluster.owner
    main = "systemctl show -p MainPID --value failoverd"
    postmaster = f"head -1 {cluster.site.target.watch.mount}/postgresql/postmaster.pid"
    daemon, database = cluster.lab.ssh(owner, f"{main}; {postmaster}").stdout.split()
    cluster.lab.ssh(owner, f"kill -9 {daemon}")
    assert cluster.serves()
    again, same = cluster.lab.ssh(owner, f"{main}; {postmaster}").stdout.split()
    assert cluster.owner == owner
    assert same == database, "PostgreSQL was restarted"
    assert again not in (daemon, "0")


def test_f13_both_network_links_of_the_standby_cut(cluster: Cluster) -> None:
    """The serial line remains: the standby outdates itself over it, and is not fenced."""
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.lab.ssh(standby, "cat /proc/sys/kernel/random/boot_id").stdout
    for link in ("office", "mirror"):
        cluster.lab.link(standby, link, "down")
    assert cluster.serves()
    assert cluster.owner == owner
    for link in ("office", "mirror"):
        cluster.lab.link(standby, link, "up")
    cluster.heal()
    assert cluster.lab.ssh(standby, "cat /proc/sys/kernel/random/boot_id").stdout == boot
