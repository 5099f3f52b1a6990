# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster costs while nothing happens, and that load is no failure: WHAT=soak."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import Lab
from tests.kernels import observe
from tests.kernels.conftest import OUT, Built, Cluster, say

MINUTES = float(os.environ.get("SOAK_MINUTES", "60"))
QUIET_S = 120.0
LOOK_S = 20.0
MOVES = ("resource-failed", "stop-begin", "claim", "takeover", "fence", "peer-gone", "paused")
"""Entries of the history that no load may cause."""
GROUP = "/sys/fs/cgroup/system.slice/failoverd.service"
Record = Callable[[str, object], None]


def used(lab: Lab, node: str) -> tuple[float, float, float]:
    """Uptime and processor time of the daemon and its children in seconds, its memory in MiB."""
    main = "$(systemctl show -p MainPID --value failoverd)"
    said = lab.ssh(
        node,
        "cut -d' ' -f1 /proc/uptime;"
        f" sed -n 's/^usage_usec //p' {GROUP}/cpu.stat;"
        f" sed -n 's/^VmRSS:\\s*\\([0-9]*\\) kB/\\1/p' /proc/{main}/status",
    ).stdout.split()
    uptime, usage, resident = map(float, said)
    return uptime, usage / 1e6, resident / 1024


def test_an_idle_cluster_costs_next_to_nothing(built: Built, record_property: Record) -> None:
    """Nobody uses the service: heartbeats and monitors alone.

    Judged is the memory. A system call of this kernel costs many times that of a real one, and so
    does the daemon: what it takes of a processor is judged where tests.idle_cost measures it.
    """
    lab = built.site.lab
    time.sleep(LOOK_S)  # the log-in and the first look at everything are over
    before = {node: used(lab, node) for node in lab.nodes}
    time.sleep(QUIET_S)
    for node in lab.nodes:
        uptime, cpu, resident = used(lab, node)
        spent = 100 * (cpu - before[node][1]) / (uptime - before[node][0])
        record_property(f"{node}_percent_of_a_core_in_the_lab", round(spent, 2))
        record_property(f"{node}_resident_mib", round(resident, 1))


@contextmanager
def burners(cluster: Cluster) -> Iterator[None]:
    """A process on every node that takes whatever processor time there is."""
    for node in cluster.lab.nodes:
        cluster.lab.ssh(node, "systemd-run --quiet --unit burner sh -c 'while :; do :; done'")
    try:
        yield
    finally:
        for node in cluster.lab.nodes:
            cluster.lab.ssh(node, "systemctl stop burner", timeout=120, check=False)


@contextmanager
def bench(cluster: Cluster, seconds: float) -> Iterator[None]:
    """pgbench against the service, from the clients' side of the network."""
    program = str(max(Path("/usr/lib/postgresql").glob("*/bin/pgbench")))
    target = cluster.site.target
    words = [program, "-h", target.watch.address, "-U", target.user]
    environment = {**os.environ, "PGPASSWORD": target.password}
    made = cluster.lab.run_in(
        [*words, "-i", "-q", "-s", "2", target.database],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _output, said = made.communicate(timeout=300)
    assert made.returncode == 0, said
    with (OUT / "pgbench.log").open("wb") as log:
        child = cluster.lab.run_in(
            [*words, "-c", "4", "-j", "1", "-T", str(int(seconds) + 600), target.database],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
            assert child.poll() is None, "pgbench has ended: its session was lost"
        finally:
            child.kill()
            child.wait(60)


def test_full_load_on_both_nodes_is_no_failure(cluster: Cluster, record_property: Record) -> None:
    owner = cluster.owner
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    began = time.time()
    until = time.monotonic() + 60 * MINUTES
    with bench(cluster, 60 * MINUTES), burners(cluster):
        while time.monotonic() < until:
            time.sleep(min(LOOK_S, max(0.0, until - time.monotonic())))
            rows = cluster.stage.client.look().rows
            assert cluster.stage.active() == owner, "the service is not where it was"
            assert rows[-1] > time.monotonic() - LOOK_S, "no row is acknowledged any more"
            say(f"{(until - time.monotonic()) / 60:.1f} minutes left, {len(rows)} rows")
        loads = {
            node: float(cluster.lab.ssh(node, "cat /proc/loadavg").stdout.split()[0])
            for node in cluster.lab.nodes
        }
    record_property("minutes", MINUTES)
    for node in cluster.lab.nodes:
        daemon = cluster.stage.status(node)["daemon"]
        record_property(f"{node}_load", loads[node])
        record_property(f"{node}_latest_ms", daemon["latest_ms"])
        late = observe.entries(cluster, node, began, "self-late")
        record_property(f"{node}_self_late", len(late))
        seen = [code for code in MOVES if observe.entries(cluster, node, began, code)]
        assert not seen, f"{node}: {seen}"
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots
    assert cluster.serves() and cluster.owner == owner
