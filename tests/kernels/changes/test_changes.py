# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml adds, changes and removes a service of a running cluster, and nothing else moves.

What would take something from a running service is refused until it is named; keys are renewed.

Each test goes on where the one before it ended. S1 and S2 are checked by the fixture.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from tests.kernels.conftest import OUT, Cluster, Site

TWO = Path(__file__).parent / "two.yml"
LIVES = "systemctl show -P ActiveEnterTimestampMonotonic postgresql-orders apache-orders"
MAIL = "10.44.9.201"


def with_two(cluster: Cluster) -> Site:
    """The same hosts with the inventory of two services."""
    site = cluster.site
    return Site(site.lab, replace(site.target, inventory=TWO))


def lives(cluster: Cluster) -> tuple[str, str, list[str]]:
    """Where orders runs, since when its servers do, and the lives of both nodes."""
    owner = cluster.owner
    boots = [cluster.boot(node) for node in cluster.lab.nodes]
    return owner, cluster.lab.ssh(owner, LIVES).stdout, boots


def services(cluster: Cluster, node: str) -> dict[str, dict[str, Any]]:
    """What the daemon of the node says of each service."""
    told = json.loads(cluster.lab.ssh(node, "failoverctl status --json").stdout)
    return {service["name"]: service for service in told["services"]}


def refused(site: Site, *arguments: str) -> str:
    """What site.yml refuses with, on one line."""
    with pytest.raises(LabError):
        site.play("site", *arguments)
    return " ".join((OUT / "site.log").read_text(encoding="utf-8").split())


def altered(cluster: Cluster, path: Path, *changes: tuple[str, str]) -> Site:
    """The same hosts with the inventory of one service, in which texts were replaced."""
    text = cluster.site.target.inventory.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    return Site(cluster.lab, replace(cluster.site.target, inventory=path))


def marks(cluster: Cluster) -> list[list[str]]:
    """With which keys the daemons run."""
    asked = "failoverctl status --json"
    told = [json.loads(cluster.lab.ssh(node, asked).stdout) for node in cluster.lab.nodes]
    assert all(not one["heartbeats"]["refused"] for one in told), "a heartbeat was refused"
    return [one["heartbeats"]["keys"] for one in told]


def configuration(cluster: Cluster) -> list[str]:
    """What the nodes have in use."""
    files = "sha256sum /etc/failoverd/*.json /etc/failoverd/key /etc/drbd.d/* /etc/failover/*/*"
    return [cluster.lab.ssh(node, files).stdout for node in cluster.lab.nodes]


def addresses(cluster: Cluster, node: str) -> set[str]:
    """The addresses of the network in which the nodes have none of their own."""
    said = cluster.lab.ssh(node, "ip -4 -o address show dev srv0").stdout.split()
    return {word.partition("/")[0] for word in said if word.startswith("10.77.0.")} - {
        "10.77.0.255"
    }


def page(cluster: Cluster, node: str, address: str) -> str:
    """The status of the first page of a service, as a node gets it."""
    ask = f"c = http.client.HTTPConnection('{address}'); c.request('GET', '/')"
    command = f'python3 -c "import http.client; {ask}; print(c.getresponse().status)"'
    return cluster.lab.ssh(node, command, check=False).stdout.strip()


def rows(cluster: Cluster, node: str, name: str) -> str:
    """What the database of a service answers on the node where it runs."""
    query = f"psql -XAt -h /run/postgresql-{name} -d postgres -c 'SHOW data_directory'"
    return cluster.lab.ssh(node, f"runuser -u postgres -- {query}", check=False).stdout.strip()


@pytest.mark.finding("S29", "S26", "H4", "H6")
def test_a_second_service_is_added_and_the_first_one_runs_on(cluster: Cluster) -> None:
    before, site = lives(cluster), with_two(cluster)
    site.play("site")
    assert lives(cluster) == before
    for node in cluster.lab.nodes:
        said = services(cluster, node)
        assert (said["mail"]["owner"], said["mail"]["state"]) == ("otsu", "running")
        numbers = cluster.lab.ssh(node, "grep -ho 'minor [0-9]*' /etc/drbd.d/orders.res").stdout
        assert set(numbers.split("\n")) - {""} == {"minor 0"}
    assert rows(cluster, "otsu", "mail") == "/data/mail/postgresql"
    installed = "dpkg-query -W -f '${db:Status-Abbrev}' postgresql-15"
    assert cluster.lab.ssh("otsu", installed).stdout.strip() == "ii", "the version asked for"
    assert site.play("site").changed == 0


@pytest.mark.finding("S25", "S28")
def test_after_a_failover_both_run_on_one_node(cluster: Cluster) -> None:
    cluster.lab.power("otsu", "off")
    cluster.wait(
        lambda: services(cluster, "kobe")["mail"]["state"] == "running", "mail on kobe", 180.0
    )
    assert cluster.serves()
    for name in ("orders", "mail"):
        assert rows(cluster, "kobe", name) == f"/data/{name}/postgresql"
    # It has no pages of its own; it is its Apache that says so.
    assert page(cluster, "kobe", MAIL) in ("403", "404")
    assert page(cluster, "kobe", cluster.site.target.watch.address) == "200"
    assert addresses(cluster, "kobe") == {"10.77.0.200", "10.77.0.201"}
    cluster.heal()
    cluster.wait(
        lambda: services(cluster, "kobe")["mail"]["standby"]["able"], "mail's resync", 300.0
    )
    cluster.lab.ssh("kobe", "failoverctl switchover mail", timeout=180)
    assert rows(cluster, "otsu", "mail") == "/data/mail/postgresql"
    assert addresses(cluster, "kobe") == {"10.77.0.200"}, "one took the other with it"
    assert addresses(cluster, "otsu") == {"10.77.0.201"}


@pytest.mark.finding("H5")
def test_another_version_of_the_database_is_refused_before_anything_changes(
    cluster: Cluster, tmp_path: Path
) -> None:
    before = lives(cluster)
    unit = "sha256sum /etc/systemd/system/postgresql-mail.service"
    was = cluster.lab.ssh("otsu", unit).stdout
    other = tmp_path / "other.yml"
    other.write_text(TWO.read_text(encoding="utf-8").replace('version: "15"', 'version: "14"'))
    site = Site(cluster.lab, replace(cluster.site.target, inventory=other))
    said = refused(site)
    assert "14 is not 15, the version of the database of service mail" in said
    assert cluster.lab.ssh("otsu", unit).stdout == was
    assert lives(cluster) == before


@pytest.mark.finding("S29", "S26")
def test_a_service_is_removed_with_a_word_and_the_first_one_runs_on(cluster: Cluster) -> None:
    before, site = lives(cluster), cluster.site
    assert "mail is missing, but it is a service of" in refused(site)
    assert services(cluster, "otsu")["mail"]["state"] == "running"
    site.play("site", "-e", "remove=mail")
    assert lives(cluster) == before
    for node in cluster.lab.nodes:
        assert list(services(cluster, node)) == ["orders"]
        left = "ls /etc/drbd.d/mail.res /etc/failover/mail /data/mail /run/postgresql-mail"
        left += " /etc/systemd/system/*-mail.service 2>/dev/null || true"
        assert cluster.lab.ssh(node, left).stdout == ""
        assert MAIL not in cluster.lab.ssh(node, "ip -4 address").stdout
        kept = cluster.lab.ssh(node, "blkid -p -s TYPE -o value /dev/ubdc", check=False).stdout
        assert kept.strip() == "drbd", "its data are gone"
    assert site.play("site").changed == 0


@pytest.mark.finding("S29")
def test_a_change_that_stops_the_service_is_refused_until_it_is_named(
    cluster: Cluster, tmp_path: Path
) -> None:
    site = altered(cluster, tmp_path / "other.yml", ("10.77.0.200", "10.77.0.202"))
    before, files = lives(cluster), configuration(cluster)
    said = refused(site)
    assert "orders is stopped and started again, because of address-10.77.0.20" in said
    assert "-e interrupt=orders" in said
    assert "orders is stopped and started again" in refused(site, "-e", "interrupt=mail")
    site.play("site", "--check")
    assert (lives(cluster), configuration(cluster)) == (before, files)
    owner = before[0]
    site.play("site", "-e", "interrupt=orders")
    cluster.wait(lambda: addresses(cluster, owner) == {"10.77.0.202"}, "the other address")
    assert cluster.serves()
    cluster.site.play("site", "-e", "interrupt=orders")
    cluster.wait(lambda: addresses(cluster, owner) == {"10.77.0.200"}, "the first address")
    assert cluster.serves()
    assert cluster.owner == owner
    assert lives(cluster)[1] != before[1], "the service was not started again"


@pytest.mark.finding("S29")
def test_links_that_all_change_at_once_are_refused_and_one_is_not(
    cluster: Cluster, tmp_path: Path
) -> None:
    before = lives(cluster)
    office = ("{name: office, interface: srv0}", "{name: office, interface: srv0, port: 7999}")
    mirror = ("{name: mirror, interface: rep0}", "{name: mirror, interface: rep0, port: 7999}")
    wire = ("device: /dev/ttyS0}", "device: /dev/ttyS0, baud: 57600}")
    said = refused(altered(cluster, tmp_path / "all.yml", office, mirror, wire))
    assert "orders may fail over" in said and "no link stays as it is" in said
    assert lives(cluster) == before
    altered(cluster, tmp_path / "one.yml", office).play("site")
    assert lives(cluster) == before
    cluster.site.play("site")
    assert lives(cluster) == before


def test_f68_the_key_is_renewed_and_nothing_moves_even_if_a_run_is_cut_off(
    cluster: Cluster,
) -> None:
    site, before, old = cluster.site, lives(cluster), marks(cluster)
    site.cut_off(
        "rotate_keys", "failover.cluster.engine_agent : Restart the daemon", "-e", "cluster=orders"
    )
    site.play("rotate_keys", "-e", "cluster=orders")
    new = marks(cluster)
    assert new[0] == new[1] and len(new[0]) == 1 and new != old
    site.play("rotate_keys", "-e", "cluster=orders")
    assert marks(cluster) not in (old, new)
    assert lives(cluster) == before
    assert site.play("site").changed == 0
