# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both nodes are upgraded and booted, one after the other, while the client goes on.

Each test goes on where the one before it ended. S1 and S2 are checked by the fixture.
"""

from __future__ import annotations

import time
from functools import partial

import pytest

from lab.errors import LabError
from tests.kernels import observe
from tests.kernels.conftest import Cluster

from .test_copies import connections, lives, log
from .test_replace import disks, told

BOOK = "upgrade"
ASKED = ("-e", "cluster=orders")
MARK = "/var/lib/failover/upgrades"
KERNEL = "9.9.9-none"
PACKAGE = "$(dpkg-query -W -f '${Package} ' 'postgresql-[0-9]*' | cut -d' ' -f1)"
NEWER = f"""set -e
rm -rf /srv/newer && mkdir -p /srv/newer && cd /srv/newer
apt-get -qq update && apt-get -qq download {PACKAGE}
dpkg-deb -R *.deb tree && rm *.deb
sed -i 's/^Version: .*/&+newer/' tree/DEBIAN/control
dpkg-deb -Zgzip -z1 -b tree . >/dev/null && rm -r tree
for deb in *.deb; do
  dpkg-deb -f "$deb"
  echo "Filename: ./$deb"
  echo "Size: $(stat -c %s "$deb")"
  echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
  echo
done >Packages
echo 'deb [trusted=yes] file:/srv/newer ./' >/etc/apt/sources.list.d/newer.list
"""
"""A newer release of the database server, where apt looks for it."""


def versions(cluster: Cluster) -> list[str]:
    """The version of the database server that each node has."""
    asked = f"dpkg-query -W -f '${{Version}}' {PACKAGE}"
    return [cluster.lab.ssh(node, asked).stdout.strip() for node in cluster.lab.nodes]


def marked(cluster: Cluster) -> list[str]:
    """The nodes whose upgrade is under way."""
    asked = f"test ! -e {MARK} || echo marked"
    return [node for node in cluster.lab.nodes if cluster.lab.ssh(node, asked).stdout.strip()]


def codes(cluster: Cluster, since: float) -> set[str]:
    """What both daemons have written since then."""
    entries = [entry for node in cluster.lab.nodes for entry in cluster.history(node)]
    return {entry["code"] for entry in entries if entry["time"] >= since}


def test_a_node_that_somebody_has_put_into_standby_mode_is_left_there(cluster: Cluster) -> None:
    before, standby = lives(cluster), cluster.standby
    cluster.lab.ssh(standby, f"failoverctl standby {standby}")
    with pytest.raises(LabError):
        cluster.site.play(BOOK, *ASKED)
    assert f"{standby}: is in standby mode, and no upgrade has put it there;" in log(BOOK)
    cluster.lab.ssh(standby, f"failoverctl online {standby}")
    assert lives(cluster) == before and not marked(cluster)


def test_a_kernel_without_drbd_is_refused_before_anything_moves(cluster: Cluster) -> None:
    before, boots = lives(cluster), [cluster.boot(node) for node in cluster.lab.nodes]
    cluster.lab.ssh(cluster.standby, f"mkdir -p /boot && touch /boot/vmlinuz-{KERNEL}")
    try:
        with pytest.raises(LabError):
            cluster.site.play(BOOK, *ASKED)
        said = f"{cluster.standby}: the kernel {KERNEL}, which boots next, has no DRBD module;"
        assert said in log(BOOK)
    finally:
        cluster.lab.ssh(cluster.standby, f"rm /boot/vmlinuz-{KERNEL}")
    assert lives(cluster) == before and not marked(cluster)
    assert [cluster.boot(node) for node in cluster.lab.nodes] == boots


def test_both_nodes_are_upgraded_and_booted_with_one_planned_move(cluster: Cluster) -> None:
    """Three runs are cut off: among the packages, at the boot, and when the owner was left."""
    lab, owner, standby = cluster.lab, cluster.owner, cluster.standby
    began = time.time()
    boots = {node: cluster.boot(node) for node in lab.nodes}
    for node in lab.nodes:
        lab.ssh(node, f"{NEWER}touch /run/reboot-required", timeout=600)
    before = lives(cluster)
    cluster.site.play(BOOK, "--check", *ASKED)
    assert "Expected downtime of orders:" in log(BOOK)
    assert "in one planned move. There is no failover." in log(BOOK)
    assert lives(cluster) == before and not marked(cluster), "check mode changed something"
    assert all("newer" not in version for version in versions(cluster))

    cluster.site.cut_off(BOOK, "Upgrade what can be upgraded", *ASKED)
    assert marked(cluster) == [standby]
    cluster.site.cut_off(BOOK, "Reboot, and wait until it answers", *ASKED)
    assert lives(cluster) == before, "the standby was first"
    cluster.site.cut_off(BOOK, "Remember how long they were down", *ASKED, time=2)
    assert marked(cluster) == [owner]
    cluster.site.play(BOOK, *ASKED)

    assert cluster.owner == standby
    assert all(version.endswith("+newer") for version in versions(cluster))
    assert all(cluster.boot(node) != boots[node] for node in lab.nodes)
    assert connections(cluster) == ["Connected", "Connected"]
    assert disks(cluster, standby) == ["UpToDate", "UpToDate"]
    assert not marked(cluster) and told(cluster, owner)["standby"] == []
    assert not codes(cluster, began) & {"fence", "takeover"}, "F63: no failover"
    again = lives(cluster)
    assert cluster.site.play(BOOK, *ASKED).changed == 0
    assert "the downtime was 0 s" in log(BOOK)
    assert lives(cluster) == again


def runs(cluster: Cluster, node: str) -> bool:
    """The daemon of that node says that the service runs."""
    return bool(observe.service(cluster, node).get("state") == "running")


def test_services_come_home_and_a_daemon_with_other_code_moves_nothing(cluster: Cluster) -> None:
    """No package is to be upgraded: the code alone restarts the daemons."""
    for node in cluster.lab.nodes:
        cluster.lab.ssh(node, "rm -r /srv/newer /etc/apt/sources.list.d/newer.list")
    link, never = "/usr/lib/failoverd", ("-e", "packages=none", "-e", "reboot=never")
    for node in cluster.lab.nodes:
        # As after a release before this one: the same code under another name.
        cluster.lab.ssh(
            node,
            f"cp -r $(readlink -f {link}) {link}-former && ln -sfn failoverd-former {link}"
            " && systemctl restart failoverd",
        )
        cluster.wait(partial(runs, cluster, node), "the daemon after its restart")
    cluster.heal()
    before, began = lives(cluster), time.time()
    cluster.site.play(BOOK, *never, *ASKED)
    assert lives(cluster) == before
    for node in cluster.lab.nodes:
        assert "former" not in cluster.lab.ssh(node, f"readlink {link}; ls -d {link}-*").stdout
    assert not codes(cluster, began) & {"fence", "takeover", "stop-begin"}
    cluster.site.play(BOOK, "-e", "home=true", *never, *ASKED)
    assert cluster.owner == "kobe"
    assert "orders was down for" in log(BOOK)
