# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two nodes and DRBD with Corosync and Pacemaker, built by site.yml. S1 and S2: the fixture."""

from __future__ import annotations

from tests.kernels import observe
from tests.kernels import test_3_faults as agent
from tests.kernels.conftest import Cluster


def test_a_second_run_changes_nothing(cluster: Cluster) -> None:
    again = cluster.site.play("site")
    assert again.changed == 0, again.log.read_text(encoding="utf-8")[-3000:]


def test_a_check_shows_no_difference(cluster: Cluster) -> None:
    checked = cluster.site.play("site", "--check", "--diff")
    assert checked.changed == 0, checked.log.read_text(encoding="utf-8")[-3000:]


def test_the_service_runs_on_its_preferred_node_and_only_there(cluster: Cluster) -> None:
    assert cluster.owner == "otaru"


def test_switchover_by_playbook_moves_the_service(cluster: Cluster) -> None:
    before, after = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    cluster.site.play("failover", "-e", f"service={cluster.stage.service}")
    assert cluster.serves()
    assert cluster.owner == after != before
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots


def test_f50_a_killed_postgresql_is_restarted_in_place(cluster: Cluster) -> None:
    owner = cluster.owner
    pid = f"{cluster.site.target.watch.mount}/postgresql/postmaster.pid"
    before = cluster.lab.ssh(owner, f"head -1 {pid}").stdout
    cluster.lab.ssh(owner, f"kill -9 {before.strip()}")
    assert cluster.serves()
    assert cluster.owner == owner
    assert cluster.lab.ssh(owner, f"head -1 {pid}").stdout != before


def test_f01_power_off_of_the_owner(cluster: Cluster) -> None:
    agent.test_f01_power_off_of_the_owner(cluster)


def test_f06_power_off_of_the_standby(cluster: Cluster) -> None:
    """The owner freezes its I/O until the standby is fenced; its address does not move."""
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    cluster.lab.power(standby, "off")
    assert cluster.serves()
    assert cluster.owner == owner
    assert cluster.boot(owner) == boot


def test_f25_a_frozen_owner_is_excluded_before_its_service_starts_elsewhere(
    cluster: Cluster,
) -> None:
    agent.test_f25_a_frozen_owner_is_excluded_before_its_service_starts_elsewhere(cluster)


def test_f14_everything_between_the_nodes_cut_leaves_one(cluster: Cluster) -> None:
    """Both still reach both fence devices: the owner has the head start."""
    owner, standby = cluster.owner, cluster.standby
    boot, other = cluster.boot(owner), cluster.boot(standby)
    observe.cut(cluster, standby)
    observe.wait_new_life(cluster, standby, other, cluster.limit_s)
    assert cluster.serves()
    assert cluster.owner == owner
    observe.mend_links(cluster, standby)
    cluster.heal()
    assert cluster.boot(owner) == boot


def test_f22_the_service_lan_of_the_owner_cut(cluster: Cluster) -> None:
    """No gateway there, and one here: the service moves, and nobody is fenced."""
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    cluster.lab.link(owner, "office", "down")
    cluster.wait(lambda: cluster.stage.active() == standby, "the standby active")
    assert cluster.serves()
    cluster.heal()
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots


def test_f61_a_reboot_of_the_owner_hands_over_first(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.ssh(owner, "systemctl reboot", check=False)
    cluster.wait(lambda: cluster.stage.active() == standby, "the standby active")
    assert cluster.serves()
    fenced = cluster.lab.ssh(standby, f"stonith_admin --history {owner} --quiet").stdout
    cluster.heal()
    assert cluster.owner == standby
    assert cluster.lab.ssh(standby, f"stonith_admin --history {owner} --quiet").stdout == fenced


def test_f47_a_stop_that_fails_fences_the_owner(cluster: Cluster) -> None:
    """The address' agent cannot stop: nobody may say that the service is down there."""
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    agent = "/usr/lib/ocf/resource.d/heartbeat/IPaddr2"
    # Gone with the node's power: a mount over it, not a change of the disk.
    cluster.lab.ssh(
        owner,
        f'printf \'#!/bin/sh\n[ "$1" = stop ] && exit 1\nexec {agent}.real "$@"\n\' >/run/agent'
        f" && cp {agent} /run/real && chmod 755 /run/agent /run/real"
        f" && sed -i s,{agent}.real,/run/real, /run/agent && mount --bind /run/agent {agent}",
    )
    cluster.lab.ssh(owner, f"failoverctl switchover {cluster.stage.service}", check=False)
    cluster.wait(lambda: cluster.stage.active() == standby, "the standby active")
    assert cluster.serves()
    cluster.heal()
    assert cluster.boot(owner) != boot
