# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures that no heartbeat sees: a process, a port, a query, a full disk, a dead ping target."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.kernels import observe
from tests.kernels.conftest import Cluster


def postmaster(cluster: Cluster, node: str) -> str:
    """Its process number, from PostgreSQL's own file."""
    mount = cluster.site.target.watch.mount
    return cluster.lab.ssh(node, f"head -1 {mount}/postgresql/postmaster.pid").stdout.strip()


def noticed(cluster: Cluster, node: str, since: float, words: str = "") -> float:
    """Wall-clock time at which the node decided on a failed resource, once it has."""
    found: list[float] = []

    def seen() -> bool:
        entries = observe.entries(cluster, node, since, "resource-failed")
        found.extend(entry["time"] for entry in entries if words in entry["text"])
        return bool(found)

    cluster.wait(seen, f"a failed resource with {words!r}")
    return found[0]


@contextmanager
def deaf(cluster: Cluster, node: str) -> Iterator[None]:
    """The node's requests to its ping target lead nowhere; all else passes."""
    target = cluster.lab.spec.main.gateway
    rule = f"pref 10 ipproto icmp to {target} blackhole"
    cluster.lab.ssh(node, f"ip rule add {rule}")
    try:
        yield
    finally:
        cluster.lab.ssh(node, f"ip rule del {rule}")


def healed_in_place(cluster: Cluster, owner: str, boot: str) -> None:
    """The service is back where it was, and nobody was fenced."""
    assert cluster.serves()
    assert cluster.owner == owner
    assert cluster.boot(owner) == boot


def test_f50_a_killed_postmaster_is_seen_by_event_and_restarted_in_place(
    cluster: Cluster, record_property: Callable[[str, float], None]
) -> None:
    owner = cluster.owner
    boot = cluster.boot(owner)
    process = postmaster(cluster, owner)
    # The moment of the kill is the node's own clock: the same one that dates its history.
    killed = float(cluster.lab.ssh(owner, f"date +%s.%N; kill -9 {process}").stdout)
    decided = noticed(cluster, owner, killed - 1.0)
    healed_in_place(cluster, owner, boot)
    assert postmaster(cluster, owner) != process
    record_property("kill_to_decision_s", round(decided - killed, 3))


def test_f51_a_stopped_postmaster_is_found_by_asking(cluster: Cluster) -> None:
    owner = cluster.owner
    boot = cluster.boot(owner)
    process = postmaster(cluster, owner)
    began = time.time()
    cluster.lab.ssh(owner, f"kill -STOP {process}")
    noticed(cluster, owner, began)
    healed_in_place(cluster, owner, boot)
    assert postmaster(cluster, owner) != process


def test_f51_an_apache_that_stands_still_is_found_by_asking(cluster: Cluster) -> None:
    """Every process of it lives, the port is open, and nobody gets a page."""
    owner = cluster.owner
    boot = cluster.boot(owner)
    began = time.time()
    unit = f"apache-{cluster.stage.service}.service"
    cluster.lab.ssh(owner, f"systemctl kill --signal STOP --kill-whom all {unit}")
    noticed(cluster, owner, began, "apache")
    healed_in_place(cluster, owner, boot)


def test_f45_a_file_system_that_fills_is_told_before_it_is_full(cluster: Cluster) -> None:
    owner = cluster.owner
    began = time.time()
    mount = cluster.site.target.watch.mount
    free = json.loads(
        cluster.lab.ssh(
            owner,
            "python3 -c \"import json, os; s = os.statvfs('" + mount + "');"
            ' print(json.dumps([s.f_bavail * s.f_frsize, s.f_blocks * s.f_frsize]))"',
        ).stdout
    )
    take = int(free[0] - 0.12 * free[1])
    cluster.lab.ssh(owner, f"fallocate -l {take} {mount}/ballast")
    try:
        cluster.wait(
            lambda: bool(observe.entries(cluster, owner, began, "filling")),
            "alert of a full disk",
        )
        assert cluster.serves()
    finally:
        cluster.lab.ssh(owner, f"rm {mount}/ballast")
    assert cluster.owner == owner


def test_f22_an_owner_without_its_ping_targets_hands_over(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    with deaf(cluster, owner):
        observe.wait_active(cluster, standby)
        assert cluster.serves()
    cluster.heal()
    assert cluster.owner == standby
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots, "it was no handover"


def test_f23_a_ping_target_that_is_dead_for_both_moves_nothing(cluster: Cluster) -> None:
    owner = cluster.owner
    began = time.time()

    def lost(node: str) -> bool:
        return bool(observe.entries(cluster, node, began, "reach"))

    with ExitStack() as rules:
        for node in cluster.lab.nodes:
            rules.enter_context(deaf(cluster, node))
        for node in cluster.lab.nodes:
            cluster.wait(partial(lost, node), f"{node}: the loss of its ping target")
        # The owner's patience ends, and the other one is no better.
        time.sleep(15)
        assert cluster.serves()
    assert cluster.serves()
    assert cluster.owner == owner
    assert not observe.entries(cluster, owner, began, "stop-begin")


def test_f20_a_fifth_of_all_packets_lost_moves_nothing(cluster: Cluster) -> None:
    owner = cluster.owner
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    for node in cluster.lab.nodes:
        for interface in ("srv0", "rep0"):
            cluster.lab.ssh(node, f"tc qdisc add dev {interface} root netem loss 20%")
    try:
        time.sleep(120)
    finally:
        for node in cluster.lab.nodes:
            for interface in ("srv0", "rep0"):
                cluster.lab.ssh(node, f"tc qdisc del dev {interface} root", timeout=120)
    assert cluster.serves()
    assert cluster.owner == owner
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots
