# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify, grow and heal the two copies of a service, with the client running all the time.

Each test goes on where the one before it ended. S1 and S2 are checked by the fixture.
"""

from __future__ import annotations

import json

import pytest

from lab.errors import LabError
from tests.kernels import observe
from tests.kernels.conftest import OUT, Cluster

from .conftest import GROW

ASKED = ("-e", "cluster=orders", "-e", "service=orders")
NEWER = "the other node has newer data"
PROGRAMS = "$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)"


def log(name: str) -> str:
    """What the last run of a playbook said, on one line."""
    return " ".join((OUT / f"{name}.log").read_text(encoding="utf-8").split())


def lives(cluster: Cluster) -> tuple[str, str]:
    """Where the service runs, and since when its servers do."""
    owner = cluster.owner
    asked = "systemctl show -P ActiveEnterTimestampMonotonic postgresql-orders apache-orders"
    return owner, cluster.lab.ssh(owner, asked).stdout


def connections(cluster: Cluster) -> list[str]:
    """How DRBD is connected on each node."""
    asked = "drbdadm cstate orders"
    return [cluster.lab.ssh(node, asked, check=False).stdout.strip() for node in cluster.lab.nodes]


def digests(cluster: Cluster) -> list[str]:
    """The digest that each kernel has, empty for none."""
    asked = "drbdsetup show orders | grep verify-alg || true"
    return [cluster.lab.ssh(node, asked).stdout.strip() for node in cluster.lab.nodes]


def server(cluster: Cluster, node: str, data: str, script: str) -> str:
    """Run a script beside a database server that is started for it alone; return its output."""
    control = f"{PROGRAMS}/pg_ctl -D {data}"
    options = '"-p 5999 -c listen_addresses= -c unix_socket_directories=/tmp"'
    whole = (
        f"cd / && {control} -w -l /tmp/server.log -o {options} start >/dev/null"
        f" && {script} && {control} -w stop >/dev/null"
    )
    return cluster.lab.ssh(
        node, "cat >/tmp/script && runuser -u postgres -- sh /tmp/script", input=whole, timeout=180
    ).stdout


def test_the_copies_are_compared_while_the_service_runs(cluster: Cluster) -> None:
    before = lives(cluster)
    cluster.site.play("verify", *ASKED)
    assert "the copies are equal;" in log("verify")
    assert digests(cluster) == ["", ""]
    assert connections(cluster) == ["Connected", "Connected"]
    assert lives(cluster) == before


def test_a_block_that_differs_is_found_and_repaired(cluster: Cluster) -> None:
    """Somebody has written below DRBD on the standby, where the file system has nothing."""
    before, standby = lives(cluster), cluster.standby
    spoil = "dd if=/dev/urandom of=/dev/mapper/data bs=4096 seek=57000 count=2 oflag=direct"
    cluster.lab.ssh(standby, spoil)
    with pytest.raises(LabError):
        cluster.site.play("verify", *ASKED)
    assert "orders: 2 blocks of 4 KiB differ between the copies." in log("verify")
    assert digests(cluster) == ["", ""]
    cluster.lab.ssh(standby, "drbdadm disconnect orders; drbdadm connect orders")
    cluster.wait(lambda: connections(cluster) == ["Connected", "Connected"], "both connected")
    cluster.site.play("verify", *ASKED)
    assert "the copies are equal;" in log("verify")
    assert lives(cluster) == before


def test_a_standby_that_boots_during_a_verification_is_connected_again(cluster: Cluster) -> None:
    """The run is cut off as well. A kernel that kept the digest would refuse the other one."""
    before, standby = lives(cluster), cluster.standby
    for node in cluster.lab.nodes:
        cluster.lab.ssh(node, "drbdadm disk-options --resync-rate=1M orders")
    cluster.site.cut_off("verify", "failover.cluster.drbd : Wait for its end", *ASKED)
    assert any("Verify" in one for one in connections(cluster)), "it runs on without the run"
    assert all("crc32c" in one for one in digests(cluster)), "a change reaches the other kernel"
    cluster.lab.power(standby, "off")
    cluster.lab.power(standby, "on")
    cluster.heal()
    assert connections(cluster) == ["Connected", "Connected"]
    assert digests(cluster) == ["", ""]
    cluster.lab.ssh(before[0], "drbdadm adjust orders")
    assert lives(cluster) == before


def test_kernels_with_different_digests_refuse_each_other(cluster: Cluster) -> None:
    """Why no configuration has one, and why each node has a guard."""
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.ssh(standby, "drbdadm disconnect orders")
    cluster.lab.ssh(owner, "drbdadm net-options --verify-alg=crc32c orders")
    cluster.lab.ssh(standby, "drbdadm connect orders")
    cluster.wait(lambda: "StandAlone" in connections(cluster), "the kernels refusing each other")
    cluster.lab.ssh(owner, "drbdadm net-options --verify-alg= orders", check=False)
    for node in cluster.lab.nodes:
        cluster.lab.ssh(node, "drbdadm connect orders", check=False)
    cluster.wait(lambda: connections(cluster) == ["Connected", "Connected"], "both connected")


def test_device_and_file_system_grow_while_the_service_runs(cluster: Cluster) -> None:
    before = lives(cluster)
    room = "df --output=size /data/orders | tail -n 1"
    had = int(cluster.lab.ssh(cluster.owner, room).stdout)
    cluster.lab.ssh(cluster.owner, GROW)
    with pytest.raises(LabError):
        cluster.site.play("grow_storage", *ASKED)
    assert f"{cluster.standby}: /dev/mapper/data has not grown;" in log("grow_storage")
    cluster.lab.ssh(cluster.standby, GROW)
    cluster.site.play("grow_storage", *ASKED)
    assert int(cluster.lab.ssh(cluster.owner, room).stdout) > had + 60 * 1024
    assert lives(cluster) == before
    assert cluster.site.play("grow_storage", *ASKED).changed == 0
    cluster.site.play("verify", *ASKED)


def test_diverged_copies_are_healed_and_the_rows_of_the_victim_are_in_its_image(
    cluster: Cluster,
) -> None:
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.power(standby, "off")
    assert cluster.serves(), "rows that only the owner has"
    cluster.lab.power(owner, "off")
    cluster.lab.power(standby, "on")
    observe.wait_blocked(cluster, standby, NEWER)
    # What no advice of ours says: the older copy is written to by force.
    disk = f"/dev/drbd{cluster.site.target.watch.minor}"
    cluster.lab.ssh(
        standby,
        "systemctl stop failoverd && echo /bin/true >/sys/module/drbd/parameters/usermode_helper"
        f" && drbdadm primary --force orders && mount {disk} /mnt",
    )
    row = "psql -qXh /tmp -p 5999 postgres -c 'CREATE TABLE alone AS SELECT 4242 AS id'"
    server(cluster, standby, "/mnt/postgresql", row)
    cluster.lab.ssh(standby, "umount /mnt && drbdadm secondary orders")
    cluster.lab.power(owner, "on")
    cluster.wait(
        lambda: bool(observe.service(cluster, owner)) and "StandAlone" in connections(cluster),
        "the kernels refusing each other",
    )
    cluster.lab.ssh(standby, "systemctl start failoverd")
    for node in (owner, standby):
        observe.wait_blocked(cluster, node, "StandAlone", "recovery")

    cluster.site.play("split_brain", *ASKED)
    shown = log("split_brain")
    assert "Split brain: each copy was written without the other one." in shown
    assert shown.count(" UTC") >= 2, "the last commit of each copy"
    for node in cluster.lab.nodes:
        assert observe.service(cluster, node)["disk"]["disk"] == "UpToDate", "nothing is given up"

    words = (*ASKED, "-e", f"discard={standby}", "-e", "backup=/var/backups")
    cluster.site.cut_off("split_brain", "failover.cluster.drbd : Give the copy up", *words)
    cluster.site.play("split_brain", *words)
    observe.wait_active(cluster, owner)
    assert cluster.serves()
    cluster.site.play("split_brain", *words)
    assert "There is nothing to heal." in log("split_brain")
    for node in cluster.lab.nodes:
        status = json.loads(cluster.lab.ssh(node, "failoverctl status --json").stdout)
        codes = [finding["code"] for finding in status["health"]["findings"]]
        assert "split-brain" not in codes

    image = f"/var/backups/orders-{standby}.img"
    cluster.lab.ssh(standby, f"modprobe loop && mount -o loop {image} /mnt")
    ask = "psql -qXAth /tmp -p 5999 postgres -c 'SELECT id FROM alone'"
    assert server(cluster, standby, "/mnt/postgresql", ask).strip() == "4242"
    cluster.lab.ssh(standby, "umount /mnt && rm " + image)
