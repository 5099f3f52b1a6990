# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both nodes get the next release, one after the other, while the client goes on.

Each test goes on where the one before it ended. S1 and S2 are checked by the fixture.
"""

from __future__ import annotations

from typing import Any

import pytest

from lab.errors import LabError
from tests.kernels.conftest import OUT, Cluster

NAME = "upgrade_os"
ASKED = ("-e", "cluster=orders", "-e", "release=trixie")
MARK = "/var/lib/failover/upgrades"
SOURCES = "cat /etc/apt/sources.list"
COLLATIONS = """
SELECT datcollversion, pg_database_collation_actual_version(oid) FROM pg_database
WHERE datname = 'ledger'"""


def unversioned(variables: dict[str, Any]) -> None:
    """The version of the database is left to the release."""
    del variables["failover_services"][0]["applications"][0]["postgresql"]["version"]


def log() -> str:
    """What the last run said, on one line."""
    return " ".join((OUT / f"{NAME}.log").read_text(encoding="utf-8").split())


def each(cluster: Cluster, command: str) -> dict[str, str]:
    """What a command says on each node."""
    return {node: cluster.lab.ssh(node, command).stdout.strip() for node in cluster.lab.nodes}


def releases(cluster: Cluster) -> dict[str, str]:
    """The release that each node has."""
    return each(cluster, ". /etc/os-release && echo $VERSION_CODENAME")


def asked(cluster: Cluster, question: str) -> str:
    """What the database of the service answers, where it runs."""
    words = "cd / && runuser -u postgres -- psql -XAtqh /run/postgresql-orders postgres"
    return cluster.lab.ssh(cluster.owner, words, input=question, timeout=60).stdout.strip()


def test_nothing_changes_while_something_is_in_the_way(cluster: Cluster) -> None:
    sources, owner = each(cluster, SOURCES), cluster.owner
    with cluster.site.changed("unversioned", unversioned), pytest.raises(LabError):
        cluster.site.play(NAME, *ASKED)
    assert 'write version: "15" into the inventory first.' in log()
    extra = "/etc/apt/sources.list.d/more.list"
    line = "deb [trusted=yes] file:/srv stable/"
    empty = "mkdir -p /srv/stable && touch /srv/stable/Packages"
    cluster.lab.ssh(cluster.standby, f"{empty} && echo '{line}' >{extra}")
    try:
        with pytest.raises(LabError):
            cluster.site.play(NAME, *ASKED, "-e", "packages=none")
        assert f"{cluster.standby}: {extra} names stable/, which is no release;" in log()
    finally:
        cluster.lab.ssh(cluster.standby, f"rm {extra}")
    cluster.site.play(NAME, "--check", *ASKED)
    assert "Another release is written into /etc/apt/sources.list." in log()
    assert "in one planned move. There is no failover." in log()
    assert each(cluster, SOURCES) == sources
    assert set(releases(cluster).values()) == {"bookworm"}
    assert cluster.owner == owner


def test_both_nodes_get_the_next_release_with_one_planned_move(cluster: Cluster) -> None:
    """Three runs are cut off: among the packages, at the boot, and when the owner was left."""
    lab, owner, standby = cluster.lab, cluster.owner, cluster.standby
    site, boots = cluster.site, {node: cluster.boot(node) for node in lab.nodes}
    site.cut_off(NAME, "Upgrade what can be upgraded", *ASKED)
    site.cut_off(NAME, "Reboot, and wait until it answers", *ASKED)
    assert cluster.owner == owner, "the standby was first"
    site.cut_off(NAME, "Remember how long they were down", *ASKED, time=2)
    assert releases(cluster) == {owner: "bookworm", standby: "trixie"}
    site.play(NAME, *ASKED)
    assert cluster.owner == standby
    assert set(releases(cluster).values()) == {"trixie"}
    assert all(cluster.boot(node) != boots[node] for node in lab.nodes)
    left = f"test ! -e {MARK} && test ! -e /usr/sbin/policy-rc.d && echo nothing"
    assert set(each(cluster, left).values()) == {"nothing"}
    remembered, has = asked(cluster, COLLATIONS).split("|")
    assert remembered == has, "the database knows by which library it is sorted"
    assert asked(cluster, "SHOW server_version_num")[:2] == "15"
    assert cluster.serves()


def test_a_second_run_changes_nothing_and_either_node_takes_over(cluster: Cluster) -> None:
    assert cluster.site.play("site").changed == 0
    assert cluster.site.play(NAME, *ASKED).changed == 0
    cluster.lab.power(cluster.owner, "off")
    assert cluster.serves()
    cluster.heal()
    cluster.site.play("failover", "-e", "service=orders")
    assert cluster.serves()
