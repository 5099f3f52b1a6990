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

    def part(self) -> None:
        """The standby is promoted when the old primary has crashed, with a row of its own."""
        self.old.start()
        _until(lambda: self.old.psql("select 1") == "1")
        self.old.psql("create table t (n int)")
        content = SimpleNamespace(params={"replication": "a-word-for-tests"})
        for line in postgresql_content.Content.replicating(content):
            self.old.psql(line)
        self._copy()
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

    def rejoin(self, **more: Any) -> dict[str, Any]:
        params = {
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
        check = bool(params.pop("check", False))
        return _rejoin_node.rejoined(params, check)

    def rows(self) -> str:
        """What node1 has."""
        return self.old.psql("select string_agg(n::text, ',' order by n) from t")

    def remove(self) -> None:
        if self.old._working():
            self.old._run("pg_ctl", "-D", str(self.old.data), "-m", "immediate", "stop")
        self.old.remove()
        self.new.remove()


def _until(true: Any) -> None:
    for _round in range(1200):
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


def test_a_copy_that_fails_leaves_the_old_data_in_their_place_and_no_server_starts(pair: Pair):
    control = pair.old.data / "global" / "pg_control"
    control.write_bytes(b"")
    programs = pair.home / "bin"
    programs.mkdir()
    for program in _programs().iterdir():
        (programs / program.name).symlink_to(program)
    (programs / "pg_basebackup").unlink()
    (programs / "pg_basebackup").write_text("#!/bin/sh\necho 'no room' >&2\nexit 1\n")
    (programs / "pg_basebackup").chmod(0o755)
    with pytest.raises(_rejoin_node.Failed, match="the base backup failed: no room"):
        pair.rejoin(programs=str(programs))
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
