# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real servers that replicate, with a real cluster, built by site.yml; faults, and rejoin.

The tests follow each other, as days of one cluster. While each one runs, a client writes at the
service's address, and both servers are asked whether they take writes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lab.client.rows import Database, Session
from lab.errors import LabError
from tests.pacemaker import pair, writing
from tests.pacemaker.pair import DIRECTORY, NODES, READING, REPLICATION, SERVER, WRITING

LIMIT_S = 400.0
LOCK = f"{DIRECTORY}/agent/PGSQL.lock"
AGENT = "/usr/lib/ocf/resource.d/failover/pgsql"
BROKEN = '#!/bin/sh\n[ "$1" = demote ] && exit 1\nexec /run/real "$@"\n'
IN_SYNC = "STREAMING|SYNC"


def database(host: str) -> Database:
    return Database(host, 5432, pair.SERVICE, pair.SERVICE, pair.PASSWORD)


@dataclass
class Cluster:
    """The nodes, the client and who asks the servers."""

    nodes: pair.Pair
    client: writing.Writer
    asker: writing.Asker

    @property
    def primary(self) -> str:
        """The one node whose server takes writes."""
        self.until(lambda: len(self.asker.primaries) == 1)
        return next(iter(self.asker.primaries))

    @property
    def standby(self) -> str:
        return other(self.primary)

    def until(self, true: Callable[[], object]) -> None:
        """Wait until something holds; a node that does not answer now may do so later."""
        end = time.monotonic() + LIMIT_S
        while True:
            with contextlib.suppress(LabError):
                if true():
                    return
            assert time.monotonic() < end, self.told()
            time.sleep(1)

    def told(self) -> str:
        """What the nodes say of themselves."""
        words = ("crm_mon", "-1", "-A", "-r", "-f")
        return "\n".join(self.nodes.asked(node, *words)[1] for node in NODES)

    def data(self, node: str) -> str:
        """What the CIB calls the data of a node."""
        return self._attribute(node, f"{SERVER}-data-status")

    def status(self, node: str) -> str:
        """What the agent calls a node."""
        return self._attribute(node, f"{SERVER}-status")

    def _attribute(self, node: str, name: str) -> str:
        for asked in NODES:
            code, out, _err = self.nodes.asked(asked, "crm_mon", "-1", "--output-as=xml")
            if code == 0:
                where = f"node_attributes/node[@name='{node}']/attribute[@name='{name}']"
                found = ET.fromstring(out).find(where)
                return "" if found is None else found.get("value", "")
        return ""

    def at(self, address: str) -> list[str]:
        """The nodes that have an address."""
        show = ("ip", "-brief", "address")
        return [n for n in NODES if f" {address}/" in self.nodes.asked(n, *show)[1]]

    def postmaster(self, node: str) -> str:
        pid = f"{DIRECTORY}/postgresql/postmaster.pid"
        return self.nodes.inside(node, "head", "-n", "1", pid).strip()

    def has(self, node: str, path: str) -> bool:
        return self.nodes.asked(node, "sh", "-c", f"ls -d {path}")[0] == 0

    def wait_whole(self) -> None:
        """The standby is in sync, and each address where it belongs."""
        self.until(lambda: self.data(self.standby) == IN_SYNC)
        self.until(lambda: self.at(WRITING) == self.at(REPLICATION) == [self.primary])
        self.until(lambda: self.at(READING) == [self.standby])

    def rejoin(self, node: str, *words: str) -> str:
        """Bring the copy of a node back; what the playbook says, in one line."""
        said = self.nodes.play("rejoin", "-e", f"node={node}", *words)
        assert said.code == 0, said.text
        self.wait_whole()
        assert not self.has(node, LOCK)
        return said.flat


def other(node: str) -> str:
    return next(one for one in NODES if one != node)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pair.Pair]:
    """Two nodes, on which site.yml has run once."""
    with pair.raised(tmp_path_factory.mktemp("pair")) as made:
        said = made.play("site")
        assert said.code == 0, said.text
        yield made


@pytest.fixture
def cluster(nodes: pair.Pair, tmp_path: Path) -> Iterator[Cluster]:
    """Whatever happens: nothing acknowledged is lost, and never do both servers take writes."""
    servers = {node: database(f"{pair.LAN}.{end}") for node, end in NODES.items()}
    client = writing.Writer(database(WRITING), tmp_path / "rows.jsonl")
    try:
        with writing.asked(servers) as asker:
            made = Cluster(nodes, client, asker)
            assert client.serves(), made.told()
            made.wait_whole()
            yield made
            assert client.serves(), made.told()
            assert asker.rounds
            assert asker.both == []
        account = client.finish()
        assert account["verified"] and account["acknowledged"], account
        assert account["lost"] == [] and account["duplicated"] == [], account
    finally:
        client.kill()


def test_a_second_run_changes_nothing(nodes: pair.Pair) -> None:
    again = nodes.play("site")
    assert (again.code, again.changed) == (0, 0), again.text
    checked = nodes.play("site", "--check", "--diff")
    assert (checked.code, checked.changed) == (0, 0), checked.text


def test_writing_is_with_the_primary_and_reading_with_the_standby(cluster: Cluster) -> None:
    assert (cluster.primary, cluster.standby) == ("node1", "node2")
    reader = Session(database(READING))
    try:
        assert reader.run("select count(*) from measuring_client")[0][0] > 0
        assert reader.run(writing.READ_ONLY) == [[True]]
    finally:
        reader.close()


def test_a_primary_whose_server_is_killed_is_rewound_by_rejoin(cluster: Cluster) -> None:
    before, after = cluster.primary, cluster.standby
    cluster.nodes.inside(before, "kill", "-9", cluster.postmaster(before))
    cluster.until(lambda: cluster.asker.primaries == {after})
    assert cluster.client.serves()
    cluster.until(lambda: cluster.at(READING) == [after])
    # The agent will not start it again: it may have rows that the new primary does not have.
    assert cluster.has(before, LOCK)
    said = cluster.rejoin(before)
    assert f"rewind; {before}: may have written what {after} does not have." in said
    assert "the agent left PGSQL.lock because" in said
    assert cluster.has(before, f"{DIRECTORY}/kept-*/pg_wal")
    again = cluster.nodes.play("rejoin", "-e", f"node={before}")
    assert (again.code, again.changed) == (0, 0), again.text


def test_a_switchover_moves_it_and_the_old_primary_follows_by_itself(cluster: Cluster) -> None:
    before, after = cluster.primary, cluster.standby
    said = cluster.nodes.play("failover", "-e", f"service={pair.SERVICE}")
    assert said.code == 0, said.text
    assert cluster.primary == after
    cluster.wait_whole()
    assert cluster.standby == before
    assert cluster.nodes.play("site").changed == 0


def test_a_primary_that_loses_its_power_boots_with_a_lock_and_comes_back_by_rejoin(
    cluster: Cluster,
) -> None:
    before, after = cluster.primary, cluster.standby
    cluster.nodes.kill(before)
    cluster.until(lambda: cluster.asker.primaries == {after})
    assert cluster.client.serves()
    cluster.nodes.start(before)
    cluster.until(lambda: "PGSQL.lock" in cluster.told())
    cluster.rejoin(before)


def test_a_primary_writes_on_without_its_standby_which_comes_back_by_itself(
    cluster: Cluster,
) -> None:
    primary, standby = cluster.primary, cluster.standby
    cluster.nodes.kill(standby)
    cluster.until(lambda: cluster.data(standby) == "DISCONNECT")
    assert cluster.client.serves()
    cluster.until(lambda: cluster.at(READING) == [primary])
    cluster.nodes.start(standby)
    cluster.wait_whole()
    assert cluster.primary == primary


def test_a_replication_lan_that_is_cut_holds_the_writes_up_only_for_a_while(
    cluster: Cluster,
) -> None:
    primary, standby = cluster.primary, cluster.standby
    cluster.nodes.inside(standby, "ip", "link", "set", "eth1", "down")
    cluster.until(lambda: cluster.data(standby) == "DISCONNECT")
    assert cluster.client.serves()
    assert cluster.primary == primary
    cluster.nodes.inside(standby, "ip", "link", "set", "eth1", "up")
    cluster.wait_whole()
    assert cluster.primary == primary


def test_data_that_cannot_be_read_are_kept_and_replaced_by_a_base_backup(cluster: Cluster) -> None:
    before, after = cluster.primary, cluster.standby
    control = f"{DIRECTORY}/postgresql/global/pg_control"
    cluster.nodes.inside(before, "kill", "-9", cluster.postmaster(before))
    cluster.until(lambda: cluster.asker.primaries == {after})
    cluster.nodes.inside(before, "truncate", "-s", "0", control)
    said = cluster.rejoin(before)
    assert f"backup; {before}: pg_control cannot be read." in said
    assert cluster.has(before, f"{DIRECTORY}/kept-*/postgresql/PG_VERSION")


def test_a_standby_whose_server_is_killed_follows_again_by_rejoin(cluster: Cluster) -> None:
    primary, standby = cluster.primary, cluster.standby
    cluster.nodes.inside(standby, "kill", "-9", cluster.postmaster(standby))
    cluster.until(lambda: cluster.at(READING) == [primary])
    assert cluster.client.serves()
    assert f"follow; {standby}: everything that it has" in cluster.rejoin(standby)
    assert cluster.primary == primary


def test_a_primary_that_cannot_be_demoted_is_fenced(cluster: Cluster) -> None:
    """Nobody may say that it takes no writes any more."""
    before, after = cluster.primary, cluster.standby
    cluster.nodes.inside(before, "cp", AGENT, "/run/real")
    cluster.nodes.put(before, "/run/broken", BROKEN, "755")
    cluster.nodes.inside(before, "mount", "--bind", "/run/broken", AGENT)
    cluster.nodes.play("failover", "-e", f"service={pair.SERVICE}")
    cluster.until(lambda: cluster.asker.primaries == {after})
    cluster.until(lambda: not cluster.has(before, "/run/broken"))
    cluster.nodes.booted(before)
    # A container boots before the cluster has heard that it was fenced. Pacemaker ends then.
    cluster.until(lambda: cluster.nodes.member(before) and "PGSQL.lock" in cluster.told())
    cluster.rejoin(before)


def test_by_choice_a_failed_primary_comes_back_by_itself(cluster: Cluster) -> None:
    by_itself = {"failover_services": pair.services(rejoin="automatic")}
    said = cluster.nodes.play("site", **by_itself)
    assert said.code == 0, said.text
    assert cluster.nodes.play("site", **by_itself).changed == 0
    before, after = cluster.primary, cluster.standby
    cluster.nodes.inside(before, "rm", "-rf", *kept(cluster, before))
    cluster.nodes.inside(before, "kill", "-9", cluster.postmaster(before))
    cluster.until(lambda: cluster.asker.primaries == {after})
    cluster.wait_whole()
    assert cluster.primary == after
    assert not cluster.has(before, LOCK)
    assert cluster.has(before, f"{DIRECTORY}/kept-*/pg_wal")
    journal = cluster.nodes.inside(before, "journalctl", "-b", "-t", "failover", "-o", "cat")
    assert f"shop: rewind; {before}: may have written what {after} does not have." in journal


def test_by_choice_a_primary_that_loses_its_power_comes_back_by_itself(cluster: Cluster) -> None:
    before, after = cluster.primary, cluster.standby
    cluster.nodes.inside(before, "rm", "-rf", *kept(cluster, before))
    cluster.nodes.kill(before)
    cluster.until(lambda: cluster.asker.primaries == {after})
    cluster.nodes.start(before)
    cluster.wait_whole()
    assert cluster.primary == after


def test_who_decides_otherwise_brings_it_back_by_hand_again(cluster: Cluster) -> None:
    assert cluster.nodes.play("site").code == 0
    assert cluster.nodes.play("site").changed == 0
    for node in NODES:
        assert cluster.nodes.asked(node, "pgrep", "-f", "failover-rejoin")[0] != 0
        assert not cluster.has(node, "/etc/failover/shop/rejoin.conf")


def test_it_is_removed_and_the_data_stay(nodes: pair.Pair) -> None:
    words = ("-e", f"cluster={pair.SERVICE}", "-e", f"confirm={pair.SERVICE}")
    by_itself = {"failover_services": pair.services(rejoin="automatic")}
    assert nodes.play("site", **by_itself).code == 0
    said = nodes.play("remove", *words, **by_itself)
    assert said.code == 0, said.text
    for node in NODES:
        assert nodes.asked(node, "pgrep", "-f", "failover-rejoin|config_file=/etc/failover")[0] != 0
        gone = ("/etc/failover/shop/rejoin.conf", "/usr/lib/failover-rejoin", AGENT)
        for path in (*gone, "/etc/systemd/system/failover-rejoin@.service"):
            assert nodes.asked(node, "test", "-e", path)[0] != 0, path
        nodes.inside(node, "test", "-e", f"{DIRECTORY}/postgresql/PG_VERSION")
    again = nodes.play("remove", *words, **by_itself)
    assert (again.code, again.changed) == (0, 0), again.text


def kept(cluster: Cluster, node: str) -> list[str]:
    """What was taken away on a node."""
    found = cluster.nodes.inside(node, "find", DIRECTORY, "-maxdepth", "1", "-name", "kept-*")
    return found.split()
