# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's agent pgsql on a real primary with a real standby, on this machine.

The cluster and the agent of the distribution are played.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.collection.test_pgsql_agent import AGENT, MEMBER, PASSED_ON, PRIMARY
from tests.unit.failoverd.postgres_server import ACCOUNT, PORT, Server, _programs

LIMIT_S = 120.0


class Pair:
    """node1 is the primary, node2 its standby; nobody is in sync yet."""

    def __init__(self, place: Path) -> None:
        self.place, self.primary, self.standby = place, Server(), Server()
        self.state = self.primary.directory / "agent"
        self.state.mkdir()
        shutil.chown(self.state, ACCOUNT)
        self.mode = self.state / "rep_mode.conf"
        self.mode.write_text("synchronous_standby_names = ''\n")
        shutil.chown(self.mode, ACCOUNT)
        with (self.primary.data / "postgresql.conf").open("a") as file:
            file.write(f"include '{self.mode}'\n")
        text = AGENT.read_text(encoding="utf-8")
        real = "REAL=/usr/lib/ocf/resource.d/heartbeat/pgsql\n"
        assert real in text
        (place / "pgsql").write_text(text.replace(real, f"REAL={place}/bin/real\n"))
        (place / "bin").mkdir()
        self._program("real", f"exit {PASSED_ON}")
        self._program("crm_mon", f"echo '{MEMBER}'")

    def _program(self, name: str, text: str) -> None:
        path = self.place / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def start(self) -> None:
        self.primary.start()
        until(lambda: self.primary.psql("select 1") == "1")
        self.primary.psql("create table rows (key int primary key)")
        shutil.rmtree(self.standby.data)
        host = str(self.primary.directory)
        where = ["-h", host, "-p", str(PORT), "-D", str(self.standby.data)]
        self.standby._run("pg_basebackup", *where, "--checkpoint=fast", "--no-sync")
        (self.standby.data / "standby.signal").touch()
        self.standby.start(
            primary_conninfo=f"host={host} port={PORT} user={ACCOUNT} application_name=node2"
        )
        until(lambda: self.says("state") == "streaming")

    def monitor(self) -> int:
        """How the agent's look at the primary ends."""
        return subprocess.run(
            ["sh", str(self.place / "pgsql"), "monitor"],
            env={
                "PATH": f"{self.place}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "OCF_RESKEY_pgdata": str(self.primary.data),
                "OCF_RESKEY_tmpdir": str(self.state),
                "OCF_RESKEY_psql": str(_programs() / "psql"),
                "OCF_RESKEY_socketdir": str(self.primary.directory),
                "OCF_RESKEY_pgport": str(PORT),
                "OCF_RESKEY_node_list": "node1 node2",
                "OCF_RESKEY_CRM_meta_interval": "3000",
                "OCF_RESOURCE_INSTANCE": "failover.shop.streaming:0",
            },
            check=False,
            capture_output=True,
            timeout=LIMIT_S,
        ).returncode

    def says(self, column: str) -> str:
        """What the primary says of its standby."""
        return self.primary.psql(f"select {column} from pg_stat_replication")

    def process(self, server: Server, kind: str) -> int:
        return int(
            server.psql(f"select pid from pg_stat_activity where backend_type = '{kind}'") or 0
        )

    def remove(self) -> None:
        for server in (self.primary, self.standby):
            for pid in server._working():
                os.kill(pid, signal.SIGCONT)
            server.remove()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT_S
    while True:
        try:
            if true():
                return
        except subprocess.CalledProcessError:
            pass
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.remove()


def test_a_standby_that_the_server_calls_in_sync_is_none_until_the_checkpointer_knows(pair: Pair):
    checkpointer = pair.process(pair.primary, "checkpointer")
    receiver = pair.process(pair.standby, "walreceiver")
    # As one that writes a large checkpoint, which reads no settings meanwhile.
    os.kill(checkpointer, signal.SIGSTOP)
    assert pair.monitor() == PRIMARY
    until(lambda: pair.says("sync_state") == "sync")
    os.kill(receiver, signal.SIGSTOP)
    # The server does not wait for its standby, though it calls it in sync: that is why.
    pair.primary.psql("insert into rows values (1)")
    assert pair.standby.psql("select count(*) from rows") == "0"
    assert pair.monitor() == PRIMARY
    os.kill(checkpointer, signal.SIGCONT)
    until(lambda: pair.monitor() == PASSED_ON)
    where = ["-h", str(pair.primary.directory), "-p", str(PORT), "-U", ACCOUNT]
    insert = subprocess.Popen(
        [str(_programs() / "psql"), *where, "-XAtc", "insert into rows values (2)", "postgres"],
        user=ACCOUNT,
        cwd="/",
    )
    try:
        waits = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
        until(lambda: pair.primary.psql(waits) == "1")
        os.kill(receiver, signal.SIGCONT)
        assert insert.wait(LIMIT_S) == 0
    finally:
        insert.kill()
        insert.wait(LIMIT_S)
    assert pair.standby.psql("select count(*) from rows") == "2"
