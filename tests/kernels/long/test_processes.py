# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes on a real systemd: what they inherit and leave behind, who hangs, what is told."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.kernels import observe
from tests.kernels.conftest import Cluster

ASKED = """PYTHONPATH=/usr/lib/failoverd python3 - <<'END'
import asyncio
from failoverd.resources import lastwords
from failoverd.system.systemd import Systemd

async def main():
    systemd, unit = Systemd(), "{unit}"
    life = bytes((await systemd.properties(unit))["InvocationID"]).hex()
    print(len(await systemd.pids(unit)), type(await systemd.told(unit)).__name__, end=" ")
    print(bool(await lastwords.of_unit(life)))

asyncio.run(main())
END"""


def database(cluster: Cluster, node: str) -> str:
    """The unit of PostgreSQL."""
    resources = observe.service(cluster, node)["resources"]
    [unit] = [r["label"] for r in resources if r["name"] == "postgresql"]
    return str(unit)


@pytest.mark.finding("X3", "S17")
def test_no_helper_inherits_what_only_the_daemon_may_have(cluster: Cluster) -> None:
    """A loaded fence agent waits beside the daemon all the time."""
    show = "systemctl show --value failoverd -p"
    look = (
        f"main=$({show} MainPID); group=/sys/fs/cgroup$({show} ControlGroup);"
        " for p in $(cat $group/cgroup.procs); do"
        " [ $p = $main ] && who=daemon || who=helper;"
        " [ -e /proc/$p/limits ] || continue;"
        " files=$(awk '/Max open files/ {print $4}' /proc/$p/limits);"
        " echo $who $(cat /proc/$p/oom_score_adj) $files $(cut -d ' ' -f 41 /proc/$p/stat); done"
    )
    seen: set[tuple[str, ...]] = set()

    def helped() -> bool:
        lines = cluster.lab.ssh(cluster.owner, look).stdout.splitlines()
        seen.update(tuple(line.split()) for line in lines)
        return any(row[0] == "helper" for row in seen)

    cluster.wait(helped, "a helper of the daemon")
    daemon = [row for row in seen if row[0] == "daemon"]
    assert daemon == [("daemon", "-1000", "524288", "2")]
    helpers = {row for row in seen if row[0] == "helper"}
    assert helpers <= {("helper", score, "1024", "0") for score in ("-900", "0")}


@pytest.mark.finding("S23", "S32")
def test_systemd_and_the_journal_tell_of_a_unit_what_the_daemon_asks(cluster: Cluster) -> None:
    owner = cluster.owner
    asked = ASKED.format(unit=database(cluster, owner))
    count, kind, said = cluster.lab.ssh(owner, asked).stdout.split()
    assert int(count) > 3
    assert (kind, said) == ("str", "True")


@pytest.mark.finding("S24")
def test_f55_a_number_of_another_program_does_not_keep_postgresql_down(cluster: Cluster) -> None:
    """What a killed server left names a process of its account on the node that takes over."""
    owner, standby, unit = cluster.owner, cluster.standby, database(cluster, cluster.owner)
    pidfile = f"{cluster.site.target.watch.mount}/postgresql/postmaster.pid"
    began = time.time()
    stranger = cluster.lab.ssh(
        standby,
        "systemd-run -q --uid=postgres --unit=stranger sleep 600;"
        " systemctl show -p MainPID --value stranger",
    ).stdout.strip()
    cluster.lab.ssh(owner, "failoverctl maintenance on")
    try:
        cluster.lab.ssh(
            owner,
            f"systemctl kill -s KILL {unit};"
            " while pgrep -x postgres >/dev/null; do sleep 0.1; done;"
            f' sed -i "1s/.*/{stranger}/" {pidfile}',
        )
    finally:
        cluster.lab.ssh(owner, "failoverctl maintenance off")
    observe.wait_active(cluster, standby)
    assert cluster.serves()
    assert observe.entries(cluster, standby, began, "stale-lock")
    cluster.lab.ssh(standby, f"failoverctl clear {cluster.stage.service}")
    cluster.lab.ssh(standby, "systemctl is-active stranger && systemctl stop stranger")


def test_f51_an_application_that_is_frozen_is_killed_at_once(cluster: Cluster) -> None:
    owner, began = cluster.owner, time.time()
    cluster.lab.ssh(owner, f"systemctl kill -s STOP {database(cluster, owner)}")

    def recovered() -> list[dict[str, Any]]:
        return observe.entries(cluster, owner, began, "recover-end")

    cluster.wait(lambda: bool(recovered()), "the end of the recovery")
    assert cluster.serves()
    assert cluster.owner == owner
    # It would have been asked for 48 s.
    assert recovered()[0]["data"]["seconds"] < 30


@pytest.mark.finding("S32")
def test_the_reason_of_a_failed_start_is_postgresqls_own_and_told_once(cluster: Cluster) -> None:
    owner, nodes = cluster.owner, list(cluster.lab.nodes)
    name, unit = cluster.stage.service, database(cluster, cluster.owner)
    file = f"/etc/failover/{name}/postgresql.conf"
    reason = f'FATAL: configuration file "{file}" contains errors'
    for node in nodes:
        cluster.lab.ssh(node, f"cp -p {file} /root/kept; echo nonsense = 1 >>{file}")
    try:
        cluster.lab.ssh(owner, f"systemctl kill -s KILL {unit}")

        def blocked() -> bool:
            return all(observe.service(cluster, node).get("state") == "blocked" for node in nodes)

        cluster.wait(blocked, "the service down on both nodes")
        for node in nodes:
            text = cluster.lab.ssh(node, "failoverctl status").stdout
            assert text.count(reason) == 1, text
            assert f"see journalctl -u {unit}" in text, text
    finally:
        for node in nodes:
            cluster.lab.ssh(node, f"mv /root/kept {file}")
    cluster.lab.ssh(owner, f"failoverctl clear {name}")
    assert cluster.serves()
