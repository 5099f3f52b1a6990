# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster is for, played with real kernels. S1 and S2 are checked by the fixture."""

from __future__ import annotations

import time

from failoverd.core.state import Proof

from . import observe
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
    """The owner freezes its I/O, asks the device, and goes on; its address does not move."""
    owner, standby = cluster.owner, cluster.standby
    boot, began = cluster.boot(owner), time.time()
    cluster.lab.power(standby, "off")
    assert cluster.serves()
    assert cluster.owner == owner
    frozen = observe.entries(cluster, owner, began, "io")
    assert [entry["text"].rsplit(" ", 1)[-1] for entry in frozen] == ["frozen", "flows"]
    proofs = (Proof.FOUND_OFF.value, Proof.FENCED.value)
    assert cluster.stage.status(owner)["peer"]["proof"] in proofs
    seen = [s for s in cluster.stage.observer.samples(owner) if s.time >= began]
    assert all(sample.mounted and sample.addressed for sample in seen)
    assert cluster.boot(owner) == boot


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
    boot = cluster.boot(standby)
    for link in ("office", "mirror"):
        cluster.lab.link(standby, link, "down")
    assert cluster.serves()
    assert cluster.owner == owner
    for link in ("office", "mirror"):
        cluster.lab.link(standby, link, "up")
    cluster.heal()
    assert cluster.boot(standby) == boot


def test_f14_everything_between_the_nodes_cut_leaves_the_owner(cluster: Cluster) -> None:
    """Both still reach both fence devices: the owner has the head start."""
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    cluster.lab.link(standby, "wire", "down")
    for link in ("office", "mirror"):
        cluster.lab.link(standby, link, "isolate")
    cluster.wait(
        lambda: any(cluster.lab.power_state(node) == "off" for node in cluster.lab.nodes),
        "one node fenced",
    )
    assert cluster.lab.power_state(owner) == "on"
    assert cluster.serves()
    assert cluster.owner == owner
    cluster.heal()
    assert cluster.boot(owner) == boot


def test_f25_a_frozen_owner_is_excluded_before_its_service_starts_elsewhere(
    cluster: Cluster,
) -> None:
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    cluster.lab.freeze(owner)
    cluster.wait(lambda: cluster.stage.active() == standby, "the standby active")
    assert cluster.serves()
    cluster.heal()
    assert cluster.boot(owner) != boot


def test_f61_a_reboot_of_the_owner_hands_over_first(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    began = time.time()
    cluster.lab.ssh(owner, "systemctl reboot", check=False)
    cluster.wait(lambda: cluster.stage.active() == standby, "the standby active")
    assert cluster.serves()
    cluster.heal()
    assert cluster.owner == standby
    codes = {e["code"] for e in cluster.history(standby) if e["time"] >= began}
    assert "fence" not in codes
    assert "takeover" not in codes, "it was not handed over but taken"


def test_f33_the_owner_dies_during_a_resync(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    mount = cluster.site.target.watch.mount
    cluster.lab.power(standby, "off")
    assert cluster.serves()
    # Something to copy over a narrow line; written before the line is narrow.
    cluster.lab.ssh(owner, f"dd if=/dev/urandom of={mount}/ballast bs=1M count=48 conv=fsync")
    observe.narrow(cluster, owner, "mirror")
    cluster.lab.power(standby, "on")
    cluster.wait(
        lambda: observe.service(cluster, standby).get("disk", {}).get("connection") == "SyncTarget",
        "the resync",
        timeout=180.0,
    )
    died = time.time()
    cluster.lab.power(owner, "off")
    why = observe.wait_blocked(cluster, standby, "Inconsistent")
    assert "resync" in why
    refused = cluster.lab.ssh(
        standby, f"failoverctl switchover {cluster.stage.service}", check=False
    )
    assert refused.returncode != 0
    assert observe.never_active(cluster, standby, died)
    cluster.lab.power(owner, "on")
    observe.wait_active(cluster, owner)
    assert cluster.serves()
    cluster.lab.ssh(owner, f"rm {mount}/ballast")
