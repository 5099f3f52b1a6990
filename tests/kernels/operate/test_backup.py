# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database is backed up off the cluster under load, and restored into the running cluster.

Each test goes on where the one before it ended. S1 and S2 are checked by the fixture. The one that
goes back to a time has no client: what is acknowledged after that time is lost on purpose.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lab.errors import LabError
from tests.kernels import observe
from tests.kernels.conftest import OUT, Built, Cluster, Site

from .conftest import HERE
from .test_copies import lives, log

ASKED = ("-e", "cluster=orders", "-e", "service=orders")
CONFIRMED = (*ASKED, "-e", "confirm=orders")
REPOSITORY, PORT = "/backup", 5640


def sql(site: Site, node: str, statement: str) -> str:
    """Ask the server on that node."""
    words = "cd / && runuser -u postgres -- psql -XAtqh /run/postgresql-orders postgres"
    return site.lab.ssh(node, words, input=statement, timeout=60).stdout.strip()


def kept(site: Site, node: str) -> list[str]:
    """The data directories on the storage of the service."""
    return site.lab.ssh(node, "cd /data/orders && ls -d postgresql*").stdout.split()


def mount(site: Site) -> None:
    """Both nodes mount the directory of a machine off the cluster, wherever they do not have it."""
    server = site.lab.spec.main.gateway
    options = f"trans=tcp,port={PORT},version=9p2000.L,uname=root,access=user,aname={directory()}"
    for node in site.lab.nodes:
        site.lab.ssh(
            node,
            f"mkdir -p {REPOSITORY} && modprobe -a 9pnet_fd 9p && {{ mountpoint -q {REPOSITORY}"
            f" || mount -t 9p -o {options} {server} {REPOSITORY}; }}",
        )


def directory() -> Path:
    """What that machine serves."""
    return (OUT / "repository").absolute()


def with_backup() -> Path:
    """The inventory, with a repository."""
    variables = yaml.safe_load((HERE / "cluster.yml").read_text(encoding="utf-8"))
    service = variables["lab_nodes"]["vars"]["failover_services"][0]
    database = service["applications"][0]["postgresql"]
    database["backup"] = REPOSITORY
    # Two data directories with their logs have to fit.
    database["settings"] = {**database["settings"], "max_wal_size": "32MB"}
    path = OUT / "backed.yml"
    path.write_text(yaml.safe_dump(variables, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def served(built: Built) -> Iterator[Site]:
    """A server of files among the clients (diod), and the inventory with a repository on it."""
    site = built.site
    directory().mkdir(parents=True, exist_ok=True)
    owner = site.lab.ssh(site.lab.nodes[0], "id -u postgres; id -g postgres").stdout.split()
    os.chown(directory(), *map(int, owner))
    main = site.lab.spec.main
    listen = f"{main.gateway}:{PORT}"
    diod = ["diod", "-f", "-n", "-N", "-c", "/dev/null", "-l", listen, "-e", str(directory())]
    # It refuses a client that has no name.
    names = OUT / "hosts"
    told = [f"{node.addresses[main.name]} {node.name}\n" for node in site.lab.spec.nodes]
    names.write_text("".join(told), encoding="utf-8")
    alone = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"']
    server = site.lab.run_in([*alone, str(names), *diod], stdin=subprocess.DEVNULL)
    before = site.target
    try:
        mount(site)
        site.target = replace(site.target, inventory=with_backup())
        assert site.play("site").changed > 0
        yield site
    finally:
        site.target = before
        # The next start of the server ends its archiving.
        site.play("site")
        site.play("failover", "-e", "service=orders")
        for node in site.lab.nodes:
            site.lab.ssh(node, f"umount {REPOSITORY}", check=False)
        server.kill()
        server.wait(timeout=10)


@pytest.fixture
def backed(served: Site) -> Site:
    """Mounted also after a test in which a node has booted."""
    mount(served)
    return served


def test_a_server_that_does_not_keep_its_log_yet_is_not_backed_up(
    backed: Site, cluster: Cluster
) -> None:
    before = lives(cluster)
    with pytest.raises(LabError):
        backed.play("backup", *ASKED)
    assert f"its server on {before[0]} does not send its changes to the repository" in log("backup")
    assert lives(cluster) == before
    backed.play("failover", "-e", "service=orders")


def test_a_database_is_backed_up_under_load_from_whichever_node_runs_it(
    backed: Site, cluster: Cluster
) -> None:
    for kind in ("incr", "diff"):
        before = lives(cluster)
        backed.play("backup", "-e", f"kind={kind}", *ASKED)
        assert "ran all the time: the downtime was 0 s." in log("backup")
        assert lives(cluster) == before
        backed.play("failover", "-e", "service=orders")
        assert cluster.serves()
    assert "orders has 2 backups in" in log("backup")


def test_a_repository_that_only_one_node_sees_is_refused(backed: Site, cluster: Cluster) -> None:
    standby = cluster.standby
    backed.lab.ssh(standby, f"mount -t tmpfs none {REPOSITORY} && chown postgres: {REPOSITORY}")
    try:
        with pytest.raises(LabError):
            backed.play("backup", *ASKED)
        assert f"{standby}: {REPOSITORY} is another directory there than on" in log("backup")
    finally:
        backed.lab.ssh(standby, f"umount {REPOSITORY}")


def test_everything_comes_back_under_load_and_nothing_is_lost(
    backed: Site, cluster: Cluster
) -> None:
    """Two runs are cut off: beside the running server, and when it was stopped."""
    owner = cluster.owner
    latest = (*CONFIRMED, "-e", "to=latest")
    backed.cut_off("restore", "failover.cluster.postgresql : Restore the data", *latest)
    assert cluster.serves(), "nothing of the running server was touched"
    switch = "failover.cluster.postgresql : Stop, put the restored data into their place, and start"
    backed.cut_off("restore", switch, *latest)
    backed.play("restore", *latest)
    observe.wait_active(cluster, owner)
    assert cluster.serves()
    names = kept(backed, owner)
    assert "postgresql" in names and len(names) == 2 and names[1].startswith("postgresql.before-")
    backed.lab.ssh(owner, "rm -r /data/orders/postgresql.before-*")
    backed.play("failover", "-e", "service=orders")
    assert cluster.serves(), "the other node runs what was restored"
    backed.play("backup", *ASKED)


def test_a_mistake_is_undone_by_going_back_to_a_time(backed: Site) -> None:
    owner = owner_of(backed)
    sql(backed, owner, "CREATE TABLE promise AS SELECT 1 AS id")
    time.sleep(3)
    point = time.strftime("%Y-%m-%d %H:%M:%S+00:00", time.gmtime(clock(backed, owner)))
    time.sleep(3)
    sql(backed, owner, "DROP TABLE promise")
    to = f"{{to: '{point}', confirm: orders}}"
    with pytest.raises(LabError):
        backed.play("restore", *ASKED, "-e", f"{{to: '{point}', confirm: other}}")
    assert "service: orders was not confirmed;" in log("restore")
    backed.play("restore", "--check", *ASKED, "-e", to)
    assert kept(backed, owner) == ["postgresql"], "check mode restored something"
    backed.play("restore", *ASKED, "-e", to)
    assert "and was down for" in log("restore")
    assert sql(backed, owner, "SELECT id FROM promise") == "1"
    assert sql(backed, owner, "SELECT pg_is_in_recovery()") == "f"
    backed.lab.ssh(owner, "rm -r /data/orders/postgresql.before-*")


def clock(site: Site, node: str) -> int:
    """The time of the node, in Unix seconds."""
    return int(site.lab.ssh(node, "date +%s").stdout)


def owner_of(site: Site) -> str:
    """The node that runs the service, asked without an observer."""
    for node in site.lab.nodes:
        if site.lab.ssh(node, "systemctl is-active postgresql-orders", check=False).returncode == 0:
            return node
    raise AssertionError("the service runs nowhere")
