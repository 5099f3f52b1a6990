# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running cluster goes from one engine to the other and back, while the client goes on.

Each test goes on where the one before it ended. S1 and S2 are checked by the fixture.
"""

from __future__ import annotations

import pytest

from lab.errors import LabError
from tests.kernels import test_3_faults as agent
from tests.kernels.conftest import OUT, Cluster

BOOK = "migrate_engine"
FORTH, BACK = (("-e", f"failover_engine={name}") for name in ("agent", "pacemaker"))
ASKED = ("-e", "cluster=orders", "-e", "confirm=orders")
DAEMONS = {"agent": "failoverd.service", "pacemaker": "pacemaker.service"}


def said() -> str:
    """What the last run of the playbook has said."""
    return (OUT / f"{BOOK}.log").read_text(encoding="utf-8")


def running(cluster: Cluster, engine: str) -> list[bool]:
    """Whether the daemon of that engine runs, node by node."""
    asked = f"systemctl is-active {DAEMONS[engine]} || true"
    return [cluster.lab.ssh(node, asked).stdout.strip() == "active" for node in cluster.lab.nodes]


def generations(cluster: Cluster) -> list[str]:
    """Which data the copies are of: a resync or new metadata would change them."""
    asked = "drbdadm show-gi orders | grep -oE '^[0-9A-F]{16}:' | cut -c1-15"
    return [cluster.lab.ssh(node, asked, check=False).stdout.strip() for node in cluster.lab.nodes]


def test_without_the_name_typed_again_nothing_is_changed(cluster: Cluster) -> None:
    owner = cluster.owner
    with pytest.raises(LabError):
        cluster.site.play(BOOK, *FORTH, "-e", "cluster=orders", "-e", "confirm=")
    assert "cluster: orders was not confirmed" in said()
    cluster.site.play(BOOK, "--check", *FORTH, *ASKED)
    assert "orders: from the engine pacemaker to agent." in said()
    assert running(cluster, "pacemaker") == [True, True]
    assert cluster.owner == owner


def test_site_refuses_two_engines_and_names_the_playbook(cluster: Cluster) -> None:
    with pytest.raises(LabError):
        cluster.site.play("site", *FORTH)
    assert "have the cluster change its engine (playbook migrate_engine)." in (
        OUT / "site.log"
    ).read_text(encoding="utf-8")
    assert cluster.serves()


def test_from_pacemaker_to_the_agent_in_a_run_that_was_cut_off_twice(cluster: Cluster) -> None:
    before = generations(cluster)
    cluster.site.cut_off(BOOK, "Stop the old engine, and remove it", *FORTH, *ASKED)
    cluster.site.cut_off(BOOK, "Start the cluster", *FORTH, *ASKED)
    cluster.site.play(BOOK, *FORTH, *ASKED)
    assert cluster.serves()
    assert running(cluster, "agent") == [True, True]
    assert running(cluster, "pacemaker") == [False, False]
    assert generations(cluster) == before
    again = cluster.site.play("site", *FORTH)
    assert again.changed == 0, again.log.read_text(encoding="utf-8")[-3000:]
    assert cluster.site.play(BOOK, *FORTH, *ASKED).changed == 0
    assert "This run has stopped no service." in said()


def test_the_agent_takes_over(cluster: Cluster) -> None:
    agent.test_f01_power_off_of_the_owner(cluster)


def test_and_back_in_one_run_with_one_stop(cluster: Cluster) -> None:
    before = generations(cluster)
    cluster.site.play(BOOK, *BACK, *ASKED)
    assert "after this run began to stop them." in said()
    assert cluster.serves()
    assert running(cluster, "pacemaker") == [True, True]
    assert running(cluster, "agent") == [False, False]
    assert generations(cluster) == before
    again = cluster.site.play("site", *BACK)
    assert again.changed == 0, again.log.read_text(encoding="utf-8")[-3000:]
