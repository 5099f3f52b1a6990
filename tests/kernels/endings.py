# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which the daemon can end, or the machinery around it begin anew (F31, F72, F84).

Nothing of a service may move or stop. The nodes' own processes and the client tell, not the daemon.
"""

from __future__ import annotations

import time

from . import observe
from .conftest import Cluster

ENDINGS = {
    "restart": "systemctl restart failoverd",
    "stop_and_start": "systemctl stop failoverd && systemctl start failoverd",
    "kill": "systemctl kill --kill-whom=main --signal=KILL failoverd",
    "crash": "systemctl kill --kill-whom=main --signal=SEGV failoverd",
    "terminate": "systemctl kill --kill-whom=main --signal=TERM failoverd",
    "reexec": "systemctl daemon-reexec",
    "reload_of_all_units": "touch /etc/systemd/system/failoverd.service && systemctl daemon-reload",
    "restart_of_dbus": "systemctl restart dbus",
    # What an unattended upgrade runs, with maintainer scripts and all.
    "upgrade_of_the_applications": (
        "DEBIAN_FRONTEND=noninteractive apt-get -q -y install --reinstall"
        " apache2 postgresql resource-agents psmisc"
    ),
}
"""How -> what is typed on the owner."""
IDENTITY = (
    "for unit in $(systemctl list-units --plain --no-legend --state=active 'failover-*.service'"
    " '*-orders.service' | cut -d' ' -f1 | sort -u);"
    " do systemctl show -p Id -p MainPID -p ActiveEnterTimestampMonotonic $unit; done"
)


def play(cluster: Cluster, how: str) -> None:
    """End it on the owner in that way; the same processes must go on serving there."""
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    began = time.time()
    before = processes(cluster, owner)
    assert before, "no application's unit was found"
    cluster.lab.ssh(owner, ENDINGS[how], timeout=300)
    assert cluster.serves()
    _wait_settled(cluster, owner)
    assert processes(cluster, owner) == before, f"{how}: an application was started anew"
    assert cluster.owner == owner, f"{how}: the service moved"
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots
    assert observe.never_active(cluster, standby, began)
    seen = [s for s in cluster.stage.observer.samples(owner) if s.time >= began]
    assert all(sample.mounted and sample.addressed for sample in seen)


def processes(cluster: Cluster, node: str) -> str:
    """The main processes of the applications, and since when they run."""
    return cluster.lab.ssh(node, IDENTITY).stdout


def _wait_settled(cluster: Cluster, owner: str) -> None:
    """The daemon answers, has found what runs, and the standby could take over."""

    def settled() -> bool:
        found = observe.service(cluster, owner)
        return found.get("state") == "running" and found["standby"]["able"]

    cluster.wait(settled, "the daemon watching again")
