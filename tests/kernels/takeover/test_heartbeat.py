# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of Debian's Heartbeat, which runs, becomes one of ours with one stop, and goes back.

Each test goes on where the one before it ended. The steps are those of docs/importing.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import yaml

from tests.kernels.conftest import Site

from .by_hand import ADDRESS, INTERFACE, PREFIX, Pair, wait
from .conftest import Old, observed

KEPT = ".before-failover"
CONFIGURATION = """\
keepalive 500ms
warntime 3
deadtime 6
initdead 15
udpport 694
bcast {links}
auto_failback off
{nodes}
"""
RESOURCES = (
    "{owner} drbddisk::{name} Filesystem::/dev/drbd{minor}::{mount}::ext4"
    f" IPaddr2::{ADDRESS}/{PREFIX}/{INTERFACE} {{name}}-book\n"
)
KEYS = "auth 1\n1 sha1 since-2009\n"
SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          {name}-book
# Required-Start:    $network $remote_fs
# Required-Stop:     $network $remote_fs
# Default-Start:
# Default-Stop:
# Short-Description: The book of {name}
### END INIT INFO
case "$1" in
start|stop|restart) exec systemctl "$1" {name}-book.service ;;
status)
  systemctl -q is-active {name}-book.service && echo running && exit 0
  echo stopped
  exit 3 ;;
esac
exit 2
"""


def asked(old: Old) -> tuple[str, str]:
    """What names the cluster of the proposal in an operator's command."""
    (name,) = yaml.safe_load(old.site.target.inventory.read_text(encoding="utf-8"))
    return "-e", f"cluster={name}"


def ended(old: Old, node: str) -> None:
    """Heartbeat gives back what it has there, and does not come back after a boot."""
    old.lab.ssh(node, "systemctl disable --quiet --now heartbeat", timeout=120)


def begun(old: Old) -> None:
    """Its two nodes, one after the other; the first one takes the services after initdead."""
    old.lab.ssh("kobe", "systemctl enable --quiet --now heartbeat", timeout=90)
    wait(lambda: old.owner == "kobe", "the services of Heartbeat", 120.0)
    old.lab.ssh("otsu", "systemctl enable --quiet --now heartbeat", timeout=90)
    assert old.client.served()


@pytest.fixture(scope="module")
def old(site: Site) -> Iterator[Old]:
    """DRBD, an address and a service, all of them kept by Heartbeat, on kobe."""
    pair = Pair(site.lab, "ledger", "/dev/ubdb", 2, 7802)
    pair.install("drbd-utils", "heartbeat")
    pair.make("kobe")
    pair.each(f"cat >/etc/init.d/{pair.name}-book", input=SCRIPT.format(name=pair.name))
    pair.each(f"chmod 755 /etc/init.d/{pair.name}-book; systemctl daemon-reload")
    links = " ".join(lan.interface for lan in site.lab.spec.lans)
    nodes = "\n".join(f"node {node}" for node in site.lab.nodes)
    pair.each("cat >/etc/ha.d/ha.cf", input=CONFIGURATION.format(links=links, nodes=nodes))
    line = RESOURCES.format(owner="kobe", name=pair.name, minor=pair.minor, mount=pair.mount)
    pair.each("cat >/etc/ha.d/haresources", input=line)
    pair.each("umask 077; cat >/etc/ha.d/authkeys", input=KEYS)
    # Heartbeat mounts by itself.
    site.lab.ssh("kobe", f"umount {pair.mount} && drbdadm secondary {pair.name}")
    pair.each(f"mkdir -p {pair.mount}")
    with observed(site, pair) as old:
        begun(old)
        yield old
        pair.each("systemctl disable --quiet --now heartbeat; rm -f /etc/ha.d/ha.cf", timeout=120)


def test_it_is_imported_while_it_runs(old: Old) -> None:
    before = old.pair.look()
    service, said = old.propose("import_heartbeat")
    assert old.pair.look() == before
    assert (service["name"], service["preferred"]) == ("ledger", "kobe")
    assert service["addresses"] == [f"{ADDRESS}/{PREFIX}"]
    assert service["applications"] == [{"unit": old.pair.unit}]
    store = service["storage"]
    assert (store["adopt"], store["minor"], store["port"]) == (True, 2, 7802)
    assert (store["disk"], store["mount"]) == ("/dev/ubdb", "/srv/ledger")
    assert any("fencing" in one for one in said["danger"]), said
    old.decide()
    assert old.client.sessions == 1


def test_a_heartbeat_that_runs_is_refused_and_runs_on(old: Old) -> None:
    said = old.refused()
    assert "heartbeat.service keeps services there, or starts at boot." in said
    assert "Two programs would both keep them" in said
    assert old.client.sessions == 1
    assert old.client.served()


def test_the_packages_are_installed_while_it_runs(old: Old) -> None:
    old.play("site", "--tags", "packages")
    assert old.client.served()
    assert old.client.sessions == 1


def test_it_is_taken_over_with_one_interruption(
    old: Old, record_property: Callable[[str, object], None]
) -> None:
    began, sessions = time.monotonic(), old.client.sessions
    ended(old, "otsu")
    ended(old, "kobe")
    before = [one.generations for one in old.pair.data()]
    old.play("site")
    old.wait_owner("kobe")
    record_property("interruption_s", old.gap(began))
    record_property("interruptions", old.client.sessions - sessions)
    assert [one.generations for one in old.pair.data()] == before
    assert not old.resyncs()
    assert old.client.sessions == sessions + 1
    assert old.pair.whole("kobe")


def test_a_second_run_changes_nothing(old: Old) -> None:
    assert old.play("site").changed == 0


def test_it_survives_a_power_cut(old: Old, record_property: Callable[[str, object], None]) -> None:
    record_property("interruption_s", old.power_cut(*asked(old)))


def test_the_way_back_leads_to_heartbeat_with_the_new_data(
    old: Old, record_property: Callable[[str, object], None]
) -> None:
    named = asked(old)
    old.play("remove", *named, "-e", named[1].replace("cluster=", "confirm="))
    old.pair.each(f"mv {old.pair.file}{KEPT} {old.pair.file} && drbdadm up ledger")
    old.pair.wait_connected()
    old.pair.each(f"mkdir -p {old.pair.mount}")
    begun(old)
    assert old.pair.each(f"cat {old.pair.file}") == [old.pair.text()] * 2
    assert old.pair.whole("kobe")
    account = old.account("kobe")
    record_property("acknowledged", account["acknowledged"])
    record_property("lost", len(account["lost"]))
    assert account["acknowledged"] and not account["lost"], account
    assert old.one_at_a_time()
