# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of Debian 12 becomes that of Debian 13 by pg_upgrade, and comes back.

Each test goes on where the one before it ended. S1 and S2 are checked by the fixture. The way back
has no client: what is acknowledged after the upgrade is lost on purpose.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pytest

from lab.errors import LabError
from tests.kernels.conftest import OUT, Built, Cluster, Site

NAME = "upgrade_postgresql"
ASKED = ("-e", "cluster=orders", "-e", "service=orders")
CONFIRMED = (*ASKED, "-e", "confirm=orders")


def asking(site: Site, version: str, **settings: str) -> AbstractContextManager[None]:
    """The inventory names that version meanwhile."""

    def change(variables: dict[str, Any]) -> None:
        database = variables["failover_services"][0]["applications"][0]["postgresql"]
        database.update(version=version, settings={**database["settings"], **settings})

    return site.changed(f"version-{version}", change)


def log(name: str) -> str:
    """What the last run of a playbook said, on one line."""
    return " ".join((OUT / f"{name}.log").read_text(encoding="utf-8").split())


def version(site: Site, node: str) -> str:
    """The major version of the server that runs there, as it says itself."""
    words = "cd / && runuser -u postgres -- psql -XAtqh /run/postgresql-orders postgres"
    said = site.lab.ssh(node, words, input="SHOW server_version_num", timeout=60).stdout
    return str(int(said) // 10000)


def kept(site: Site, node: str) -> list[str]:
    """The data directories on the storage of the service."""
    return site.lab.ssh(node, "cd /data/orders && ls -d postgresql*").stdout.split()


def test_site_refuses_the_version_and_names_the_playbook(cluster: Cluster) -> None:
    with asking(cluster.site, "17"), pytest.raises(LabError):
        cluster.site.play("site")
    assert "run the playbook upgrade_postgresql." in log("site")
    assert version(cluster.site, cluster.owner) == "15"


def test_a_check_and_an_unconfirmed_run_stop_nothing(cluster: Cluster) -> None:
    with asking(cluster.site, "17"):
        cluster.site.play(NAME, "--check", *ASKED)
        assert "Expected downtime of orders" in log(NAME)
        with pytest.raises(LabError):
            cluster.site.play(NAME, *ASKED, "-e", "confirm=other")
    assert "orders was not confirmed;" in log(NAME)
    assert kept(cluster.site, cluster.owner) == ["postgresql"]


def test_a_server_that_does_not_start_gives_the_former_data_back(cluster: Cluster) -> None:
    """A setting that the other version does not know. The configuration is as it was, too."""
    owner = cluster.owner
    with asking(cluster.site, "17", vacuum_defer_cleanup_age="0"), pytest.raises(LabError):
        cluster.site.play(NAME, *CONFIRMED)
    assert "has the data of version 15 that it had before" in log(NAME)
    assert cluster.serves()
    assert (cluster.owner, version(cluster.site, owner)) == (owner, "15")
    assert kept(cluster.site, owner) == ["postgresql"]
    assert cluster.site.play("site").changed == 0


def test_it_is_upgraded_with_one_stop_and_two_runs_that_are_cut_off(cluster: Cluster) -> None:
    site, owner = cluster.site, cluster.owner
    with asking(site, "17"):
        role = "failover.cluster.postgresql"
        site.cut_off(NAME, f"{role} : Check whether it can be upgraded", *CONFIRMED)
        assert cluster.serves(), "nothing of the running server was touched"
        site.cut_off(
            NAME, f"{role} : Put the data of the other version into their place", *CONFIRMED
        )
        site.play(NAME, *CONFIRMED)
        assert "has version 17 and was down for" in log(NAME)
        assert cluster.serves()
        assert (cluster.owner, version(site, owner)) == (owner, "17")
        assert kept(site, owner) == ["postgresql", "postgresql.15"]
        assert site.play("site").changed == 0
        assert site.play(NAME, *CONFIRMED).changed == 0
        site.play("failover", "-e", "service=orders")
        assert cluster.serves()
        assert version(site, cluster.owner) == "17", "the other node runs what was upgraded"
        cluster.lab.power(cluster.owner, "off")
        assert cluster.serves()
        assert version(site, cluster.owner) == "17"


def test_the_former_version_in_the_inventory_leads_back(built: Built) -> None:
    site = built.site
    site.play(NAME, *CONFIRMED)
    assert "orders has version 15 and was down for" in log(NAME)
    running = "systemctl is-active postgresql-orders"
    [owner] = [
        node for node in site.lab.nodes if site.lab.ssh(node, running, check=False).returncode == 0
    ]
    assert version(site, owner) == "15"
    assert kept(site, owner) == ["postgresql", "postgresql.17"]
    assert site.play("site").changed == 0
