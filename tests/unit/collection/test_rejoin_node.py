# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's copy of a replicated database comes back, with real servers on this machine.

The agent's part is played: it leaves its lock and the mark of a standby, and starts the server when
the failures of its resource are forgotten.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _rejoin_node
from ansible_collections.failover.cluster.plugins.modules import postgresql_content

from tests.unit.failoverd.postgres_server import ACCOUNT, PORT, Server, _programs

FOLLOW = "user=failover_replication application_name=node1"
TRUST = "local all,replication failover_replication trust\n"
START = """#!/bin/sh
runuser -u {account} -- touch {data}/standby.signal
runuser -u {account} -- {programs}/pg_ctl -D {data} -W -l /dev/null start -o \
  "-c listen_addresses= -c port={port} -c unix_socket_directories={home} -c fsync=off \
   -c primary_conninfo='host={primary} port={port} {follow}'" >/dev/null 2>&1 </dev/null
"""


class Pair:
    """node1 was primary; node2 was its standby, and is the primary now."""

    def __init__(self, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.old, self.new = Server(), Server()
        self.home = self.old.directory
        self.old.data = self.old.data.rename(self.home / "postgresql")
        self.state = self.home / "agent"
        self.state.mkdir()
        shutil.chown(self.state, ACCOUNT)
        for server in (self.old, self.new):
            place = server.data / "pg_hba.conf"
            place.write_text(TRUST + place.read_text())
        self.configuration = self.old.data / "postgresql.conf"
        with self.configuration.open("a") as file:
            file.write("wal_log_hints = on\nwal_keep_size = 64MB\n")
        self.tools = tools
        monkeypatch.setenv("PATH", f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin")

    def part(self, pages: int = 0) -> None:
        """The standby is promoted when the old primary has crashed, with a row of its own.

        pages: what the first checkpoint after it has to write, ten each second.
        """
        self.old.start()
        _until(lambda: self.old.psql("select 1") == "1")
        self.old.psql("create table t (n int)")
        content = SimpleNamespace(params={"replication": "a-word-for-tests"})
        for line in postgresql_content.Content.replicating(content):
            self.old.psql(line)
        self._copy()
        if pages:
            self._receive(pages)
        self.old.psql("insert into t values (1)")
        self.old.kill()
        self.new.psql("select pg_promote()")
        self.new.psql("insert into t values (2)")
        # What a failed start by the agent leaves.
        (self.state / "PGSQL.lock").touch()
        (self.old.data / "standby.signal").touch()

    def _copy(self) -> None:
        shutil.rmtree(self.new.data)
        where = ["-h", str(self.home), "-p", str(PORT), "-D", str(self.new.data)]
        self.new._run("pg_basebackup", *where, "--checkpoint=fast", "--no-sync")
        (self.new.data / "standby.signal").touch()
        self.new.start()
        _until(lambda: self.new.psql("select count(*) from t") == "0")

    def _receive(self, pages: int) -> None:
        """Replicate for a while."""
        source = f"host={self.home} port={PORT} user=failover_replication"
        self.new.psql("alter system set bgwriter_lru_maxpages = 0")
        self.new.psql(f"alter system set primary_conninfo = '{source}'")
        self.new.psql("select pg_reload_conf()")
        self.old.psql("create table wide (n int) with (fillfactor = 10)")
        self.old.psql(f"insert into wide select generate_series(1, {pages * 20})")
        _until(lambda: self.new.psql("select count(*) from wide") == str(pages * 20))
        self.new.psql("alter system reset primary_conninfo")
        self.new.psql("select pg_reload_conf()")
        _until(lambda: self.new.psql("select count(*) from pg_stat_wal_receiver") == "0")

    def agent(self) -> None:
        """Forgetting the failures starts the server of node1."""
        text = START.format(
            account=ACCOUNT,
            data=self.old.data,
            programs=_programs(),
            port=PORT,
            home=self.home,
            primary=self.new.directory,
            follow=FOLLOW,
        )
        self.tool("crm_resource", text)

    def tool(self, name: str, text: str) -> None:
        place = self.tools / name
        place.write_text(text)
        place.chmod(0o755)

    def programs(self, **replaced: str) -> str:
        """A directory with the programs of the server, some of them replaced by these texts."""
        place = self.home / "bin"
        place.mkdir()
        for program in _programs().iterdir():
            text = replaced.get(program.name)
            if text is None:
                (place / program.name).symlink_to(program)
            else:
                (place / program.name).write_text(f"#!/bin/sh\n{text}\n")
                (place / program.name).chmod(0o755)
        return str(place)

    def params(self, **more: Any) -> dict[str, Any]:
        return {
            "service": "shop",
            "node": "node1",
            "other": "node2",
            "directory": str(self.home),
            "programs": str(_programs()),
            "configuration": str(self.configuration),
            "socket": str(self.home),
            "port": PORT,
            "address": str(self.new.directory),
            "slot": "shop_node1",
            "resource": "failover.shop.streaming",
            "discard": False,
            "only_empty": False,
            "wait_s": 60,
            **more,
        }

    def rejoin(self, check: bool = False, **more: Any) -> dict[str, Any]:
        return _rejoin_node.rejoined(self.params(**more), check)

    def rows(self) -> str:
        """What node1 has."""
        return self.old.psql("select string_agg(n::text, ',' order by n) from t")

    def remove(self) -> None:
        if self.old._working():
            self.old._run("pg_ctl", "-D", str(self.old.data), "-m", "immediate", "stop")
        self.old.remove()
        self.new.remove()


def _until(true: Any) -> None:
    for _round in range(600):
        try:
            if true():
                return
        except subprocess.CalledProcessError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not come")


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    made = Pair(tmp_path, monkeypatch)
    try:
        made.part()
        made.agent()
        yield made
    finally:
        made.remove()


def test_a_primary_that_crashed_is_rewound_and_its_lock_is_explained_and_gone(pair: Pair):
    foreseen = pair.rejoin(check=True)
    assert (foreseen["changed"], foreseen["action"], foreseen["kept"]) == (True, "rewind", "")
    assert (pair.state / "PGSQL.lock").exists()
    done = pair.rejoin()
    assert done["action"] == "rewind"
    assert "pg_rewind takes away what the primary does not have" in done["lock"]
    assert list((Path(done["kept"]) / "pg_wal").iterdir())
    assert not (pair.state / "PGSQL.lock").exists()
    _until(lambda: pair.rows() == "2")
    assert pair.new.psql("select wal_status from pg_replication_slots") == "reserved"
    assert pair.rejoin()["action"] == "nothing"


def test_the_account_of_the_replication_may_write_a_checkpoint_and_no_rows(pair: Pair):
    where = ["-h", str(pair.new.directory), "-p", str(PORT), "-U", "failover_replication"]
    pair.new._run("psql", *where, "-XAtqc", "checkpoint", "postgres")
    with pytest.raises(subprocess.CalledProcessError):
        pair.new._run("psql", *where, "-XAtqc", "insert into t values (3)", "postgres")


def test_a_primary_whose_wal_is_too_short_for_pg_rewind_is_copied(pair: Pair):
    pair.configuration.write_text(pair.configuration.read_text().replace("64MB", "0"))
    done = pair.rejoin()
    assert done["action"] == "backup"
    assert "pg_rewind is not possible: it failed on these data" in done["why"]
    assert (Path(done["kept"]) / "postgresql" / "PG_VERSION").exists()
    _until(lambda: pair.rows() == "2")


def test_data_that_cannot_be_read_are_replaced_by_a_copy_and_kept(pair: Pair):
    (pair.old.data / "global" / "pg_control").write_bytes(b"")
    done = pair.rejoin()
    assert done["action"] == "backup"
    assert (Path(done["kept"]) / "postgresql" / "PG_VERSION").exists()
    _until(lambda: pair.rows() == "2")


def test_what_an_interrupted_pg_rewind_has_left_is_not_rewound_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
):
    def die(*_words: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as power:
        real = _rejoin_node.Node._must
        power.setattr(
            _rejoin_node.Node,
            "_must",
            lambda self, argv, owner=True: (
                die() if argv[0].endswith("pg_rewind") else real(self, argv, owner)
            ),
        )
        with pytest.raises(KeyboardInterrupt):
            pair.rejoin()
    assert (pair.state / "PGSQL.lock").exists()
    done = pair.rejoin()
    assert done["action"] == "backup"
    assert "pg_rewind is not possible: it failed on these data, or was" in done["why"]
    assert (Path(done["kept"]) / "postgresql" / "PG_VERSION").exists()
    _until(lambda: pair.rows() == "2")


def test_a_primary_that_was_just_promoted_and_is_slow_with_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Its pg_control still says the old timeline, from which pg_rewind would see nothing to do."""
    pair = Pair(tmp_path, monkeypatch)
    try:
        pair.part(pages=100)
        pair.agent()
        assert pair.new.psql("select timeline_id from pg_control_checkpoint()") == "1"
        assert pair.rejoin()["action"] == "rewind"
        _until(lambda: pair.rows() == "2")
    finally:
        pair.remove()


def test_a_standby_whose_wal_the_primary_no_longer_has_is_copied(pair: Pair):
    pair.rejoin()
    pair.old._run("pg_ctl", "-D", str(pair.old.data), "-m", "fast", "stop")
    pair.new.psql("alter system set max_slot_wal_keep_size = '1MB'")
    pair.new.psql("alter system set wal_keep_size = 0")
    pair.new.psql("select pg_reload_conf()")
    for number in range(3, 9):
        pair.new.psql(f"insert into t values ({number})")
        pair.new.psql("select pg_switch_wal()")
        pair.new.psql("checkpoint")
    assert pair.new.psql("select wal_status from pg_replication_slots") == "lost"
    done = pair.rejoin()
    assert done["action"] == "backup"
    assert "node2 no longer has the WAL that it needs" in done["why"]
    _until(lambda: pair.rows() == "2,3,4,5,6,7,8")


def test_two_runs_do_not_work_on_one_copy(pair: Pair):
    with (
        _rejoin_node.Node(pair.params()).claimed(),
        pytest.raises(_rejoin_node.Refused, match="another run brings the copy back"),
    ):
        pair.rejoin()
    assert pair.rejoin()["action"] == "rewind"


def test_a_copy_that_fails_leaves_the_old_data_in_their_place_and_no_server_starts(pair: Pair):
    control = pair.old.data / "global" / "pg_control"
    control.write_bytes(b"")
    programs = pair.programs(pg_basebackup="echo 'no room' >&2; exit 1")
    with pytest.raises(_rejoin_node.Failed, match="the base backup failed: no room"):
        pair.rejoin(programs=programs)
    assert control.exists()
    assert (pair.state / "PGSQL.lock").exists()
    assert pair.old._working() == []


def test_rows_of_a_primary_that_wrote_alone_are_given_up_by_word_alone(pair: Pair):
    (pair.state / "alone").touch()
    with pytest.raises(
        _rejoin_node.Failed, match="may have acknowledged rows that node2 does not have"
    ):
        pair.rejoin()
    done = pair.rejoin(discard=True)
    assert (done["action"], (pair.state / "alone").exists()) == ("rewind", False)


def test_a_lost_disk_is_copied_and_a_node_with_data_is_left_alone_if_only_empty_ones_are_meant(
    pair: Pair,
):
    assert pair.rejoin(only_empty=True)["action"] == "nothing"
    shutil.rmtree(pair.old.data)
    done = pair.rejoin(only_empty=True)
    assert (done["action"], done["kept"]) == ("backup", "")
    _until(lambda: pair.rows() == "2")


def test_a_standby_that_follows_nobody_is_stopped_and_looked_at(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
):
    pair.rejoin()
    pair.old._run("pg_ctl", "-D", str(pair.old.data), "-m", "fast", "stop")
    pair.tool("crm_resource", (pair.tools / "crm_resource").read_text().replace(FOLLOW, "user=x"))
    subprocess.run([str(pair.tools / "crm_resource")], check=True)
    _until(lambda: pair.rows() == "2")
    pair.agent()
    monkeypatch.setattr(_rejoin_node, "REST_S", 0)
    done = pair.rejoin()
    assert (done["action"], pair.rows()) == ("follow", "2")
