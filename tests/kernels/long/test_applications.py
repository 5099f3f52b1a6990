# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An OCF agent under systemd, and what only asking can find out: a closed port, a failing query."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from tests.kernels import observe
from tests.kernels.conftest import Cluster

from . import keeper
from .test_monitoring import healed_in_place, noticed


def well(cluster: Cluster, node: str) -> bool:
    """The agent's monitor and the port's check say so."""
    return keeper.states(cluster, node) == {"port": "ok", "monitor": "ok"}


def prepared(cluster: Cluster) -> tuple[str, str]:
    """Owner and its boot, with the application running and no failure on record."""
    keeper.add(cluster)
    owner = cluster.owner
    cluster.lab.ssh(owner, f"failoverctl clear {cluster.stage.service}")
    cluster.wait(partial(well, cluster, owner), "both checks of the application")
    return owner, cluster.boot(owner)


def restarted(cluster: Cluster, node: str, before: str) -> None:
    """It runs as another process, in a scope of its own, and is well."""
    cluster.wait(lambda: keeper.process(cluster, node) not in ("", before), "its new process")
    cluster.wait(partial(well, cluster, node), "both checks of the new process")
    process = keeper.process(cluster, node)
    groups = cluster.lab.ssh(node, f"cat /proc/{process}/cgroup").stdout
    assert keeper.scope(cluster) in groups, groups


def adopted(cluster: Cluster, node: str, since: float) -> bool:
    """A new life of the daemon has taken up the service."""
    return bool(observe.entries(cluster, node, since, "adopted"))


def test_f50_what_an_ocf_agent_started_is_killed_and_started_again(
    cluster: Cluster, record_property: Callable[[str, float], None]
) -> None:
    owner, boot = prepared(cluster)
    process = keeper.process(cluster, owner)
    killed = float(cluster.lab.ssh(owner, f"date +%s.%N; kill -9 {process}").stdout)
    decided = noticed(cluster, owner, killed, keeper.NAME)
    record_property("ocf_kill_to_decision_s", round(decided - killed, 3))
    restarted(cluster, owner, process)
    healed_in_place(cluster, owner, boot)


def test_f51_a_closed_port_is_found_by_asking(
    cluster: Cluster, record_property: Callable[[str, float], None]
) -> None:
    """Its process lives, and its agent finds nothing wrong with it."""
    owner, boot = prepared(cluster)
    process = keeper.process(cluster, owner)
    closed = float(cluster.lab.ssh(owner, f"date +%s.%N; kill -USR1 {process}").stdout)
    decided = noticed(cluster, owner, closed, "cannot connect")
    record_property("close_to_decision_s", round(decided - closed, 3))
    restarted(cluster, owner, process)
    healed_in_place(cluster, owner, boot)


def test_f31_what_an_ocf_agent_started_outlives_the_daemon_and_moves_with_the_service(
    cluster: Cluster,
) -> None:
    owner, _boot = prepared(cluster)
    standby = cluster.standby
    began = time.time()
    process = keeper.process(cluster, owner)
    cluster.lab.ssh(owner, f"kill -9 {process}")
    restarted(cluster, owner, process)
    process = keeper.process(cluster, owner)
    cluster.lab.ssh(owner, "systemctl kill --signal KILL failoverd")
    cluster.wait(partial(adopted, cluster, owner, began), "the daemon's next life")
    assert keeper.process(cluster, owner) == process
    service = cluster.stage.service
    cluster.lab.ssh(owner, f"failoverctl switchover {service}", timeout=180, check=False)
    observe.wait_active(cluster, standby)
    assert keeper.process(cluster, owner) == ""
    restarted(cluster, standby, process)
    assert cluster.serves()


def test_f51_a_query_that_fails_is_found_though_the_server_lives(cluster: Cluster) -> None:
    """New sessions of the watched database are refused; the application's are not."""
    owner = cluster.owner
    cluster.lab.ssh(owner, f"failoverctl clear {cluster.stage.service}")
    boot = cluster.boot(owner)
    began = time.time()

    def connections(allowed: str) -> bool:
        change = f"ALTER DATABASE postgres ALLOW_CONNECTIONS {allowed}"
        psql = f"psql -qXd {cluster.site.target.database} -c '{change}'"
        return cluster.lab.ssh(owner, f"runuser -u postgres -- {psql}", check=False).returncode == 0

    assert connections("false")
    try:
        noticed(cluster, owner, began, "not currently accepting connections")
    finally:
        # The server is just being restarted.
        cluster.wait(partial(connections, "true"), "the server takes an order")
    healed_in_place(cluster, owner, boot)
