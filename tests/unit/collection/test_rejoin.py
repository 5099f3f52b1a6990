# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a copy of a replicated database comes back as standby: decided, and done by real servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _rejoin
from ansible_collections.failover.cluster.plugins.module_utils._rejoin import Copy, Data, Primary

from tests.unit.failoverd.postgres_server import ACCOUNT, PORT, Server

FORK = 0x5000000
PRIMARY = Primary("node2", "7001", 2, history=((1, FORK),))
CRASHED = Data("in production", "7001", 1, FORK - 0x1000, hints=True)
OLD = Copy("node1", "/srv/shop", "a database", CRASHED, locked=True)


def old(**more: Any) -> Copy:
    return replace(OLD, data=replace(CRASHED, **more))


def test_a_primary_that_crashed_is_rewound_and_what_only_it_has_is_kept():
    plan = _rejoin.decide(OLD, [PRIMARY])
    assert (plan.action, plan.keep) == ("rewind", "wal")
    assert "without a clean end" in plan.lock and "takes away" in plan.lock


def test_a_primary_that_was_stopped_follows_if_its_last_record_is_in_the_new_primary():
    stopped = old(state=_rejoin.CLEAN)
    assert _rejoin.decide(stopped, [PRIMARY]).action == "follow"
    beyond = old(state=_rejoin.CLEAN, checkpoint=FORK)
    assert _rejoin.decide(beyond, [PRIMARY]).action == "rewind"


@pytest.mark.parametrize("state", [_rejoin.RESTING, _rejoin.RECOVERING])
def test_a_standby_of_the_same_timeline_follows(state: str):
    standby = old(state=state, timeline=2, history=((1, FORK),))
    assert _rejoin.decide(standby, [PRIMARY]).action == "follow"


@pytest.mark.parametrize(
    ("copy", "primary", "word"),
    [
        (old(hints=False), PRIMARY, "wal_log_hints"),
        (replace(OLD, tried=True), PRIMARY, "failed"),
        (OLD, replace(PRIMARY, full_page_writes=False), "full_page_writes"),
        (old(state=_rejoin.RECOVERING), PRIMARY, "recover"),
        (replace(OLD, holds="broken", data=None), PRIMARY, "pg_control"),
    ],
)
def test_where_pg_rewind_is_not_possible_the_whole_is_copied_and_the_old_data_are_kept(
    copy: Copy, primary: Primary, word: str
):
    plan = _rejoin.decide(copy, [primary])
    assert (plan.action, plan.keep) == ("backup", "data")
    assert word in plan.why


def test_a_new_disk_gets_a_copy_even_if_the_node_was_the_last_that_took_writes():
    empty = replace(OLD, holds="nothing", data=None, alone=True, locked=False)
    assert _rejoin.decide(empty, [PRIMARY]) == _rejoin.Plan("backup", "node1: has no data.")


@pytest.mark.parametrize(
    "copy",
    [
        replace(OLD, alone=True),
        replace(OLD, alone=True, holds="broken", data=None),
        # Both were promoted, each without the other one: the number is the same.
        old(timeline=2, history=((1, FORK - 8),)),
        old(timeline=2, history=((1, FORK),)),
        # The standby of such a primary.
        old(state=_rejoin.RESTING, timeline=3, history=((1, FORK),)),
        old(timeline=3, history=((1, FORK), (2, FORK + 8))),
    ],
)
def test_rows_that_only_the_copy_may_have_are_given_up_by_word_alone_and_kept_aside(copy: Copy):
    plan = _rejoin.decide(copy, [PRIMARY])
    assert (plan.action, plan.lock) == ("refuse", "")
    assert "acknowledged rows that node2 does not have" in plan.why and "discard" in plan.why
    assert _rejoin.decide(copy, [PRIMARY], discard=True).keep


def test_a_primary_that_wrote_alone_and_whose_rows_are_all_in_the_new_one_needs_no_word():
    stopped = replace(old(state=_rejoin.CLEAN), alone=True)
    assert _rejoin.decide(stopped, [PRIMARY]).action == "follow"


@pytest.mark.parametrize(
    ("copy", "primaries", "said"),
    [
        (OLD, [], "nothing to follow"),
        (OLD, [PRIMARY, replace(PRIMARY, node="node3")], "node2 and node3 both take writes"),
        (OLD, [replace(PRIMARY, node="node1")], "is the primary"),
        (OLD, [replace(PRIMARY, system="7002")], "another database"),
        (replace(OLD, holds="other files", data=None), [PRIMARY], "no database"),
        (replace(OLD, data=None, running=True), [PRIMARY], "follows nobody"),
    ],
)
def test_no_word_makes_it_overwrite_what_is_not_a_copy_of_the_primary(
    copy: Copy, primaries: list[Primary], said: str
):
    plan = _rejoin.decide(copy, primaries, discard=True)
    assert (plan.action, plan.keep, plan.lock) == ("refuse", "", "")
    assert said in plan.why


def test_a_standby_that_follows_is_left_alone():
    standby = replace(OLD, data=None, running=True, streaming=True)
    assert _rejoin.decide(standby, [PRIMARY]).action == "nothing"


def test_a_file_of_a_timeline_is_read():
    text = "1\t0/3000060\tno recovery target specified\n\n2\tA/5000000\treason\n"
    assert _rejoin.history(text) == ((1, 0x3000060), (2, 0xA05000000))


# --- real servers


def run(program: str, *words: str) -> str:
    """What a program of PostgreSQL prints."""
    path = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
    done = subprocess.run(
        [str(path / program), *words],
        user=ACCOUNT,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait(question: Callable[[], bool]) -> None:
    for _round in range(1200):
        try:
            if question():
                return
        except subprocess.CalledProcessError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not come")


def start(server: Server, upstream: Server | None = None) -> None:
    """As primary, or as standby of another one."""
    settings = {}
    if upstream is not None:
        (server.data / "standby.signal").touch()
        settings["primary_conninfo"] = address(upstream)
    server.start(**settings)
    wait(lambda: server.psql("select 1") == "1")


def address(server: Server) -> str:
    return f"host={server.directory} port={PORT} user={ACCOUNT} dbname=postgres"


def follows(server: Server, upstream: Server) -> None:
    wait(lambda: upstream.psql("select state from pg_stat_replication") == "streaming")
    rows = upstream.psql("select count(*) from t")
    wait(lambda: server.psql("select count(*) from t") == rows)


def seen(server: Server) -> Data:
    """What lies in a data directory."""
    text = run("pg_controldata", "-D", str(server.data))
    timeline = _rejoin.data(text).timeline
    file = server.data / f"pg_wal/{timeline:08X}.history"
    return _rejoin.data(text, _rejoin.history(file.read_text()) if file.exists() else ())


def primary(server: Server) -> Primary:
    """A server that runs, after a checkpoint, so that pg_control has its timeline."""
    server.psql("checkpoint")
    there = seen(server)
    return Primary("node2", there.system, there.timeline, history=there.history)


def copied(server: Server, upstream: Server) -> None:
    """A base backup."""
    source = ("-d", address(upstream), "--checkpoint=fast", "--no-sync")
    run("pg_basebackup", *source, "-D", str(server.data))


def rewind(server: Server, upstream: Server) -> None:
    """Fails if pg_rewind does."""
    where = ("-D", str(server.data), f"--source-server={address(upstream)}")
    run("pg_rewind", "--no-sync", *where)


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """A primary and a standby that follows it."""
    first, second = Server(), Server()
    try:
        # In the file, because pg_rewind recovers a crashed server with the settings there.
        with (first.data / "postgresql.conf").open("a") as file:
            file.write("wal_log_hints = on\n")
        start(first)
        first.psql("create table t (n int)")
        shutil.rmtree(second.data)
        copied(second, first)
        start(second, first)
        follows(second, first)
        yield first, second
    finally:
        first.remove()
        second.remove()


def test_real_servers_do_what_was_decided(servers: tuple[Server, Server]):
    first, second = servers
    # Handed over: the old primary was stopped cleanly.
    first.stop()
    second.psql("select pg_promote()")
    copy = Copy("node1", str(first.data), "a database", seen(first))
    assert _rejoin.decide(copy, [primary(second)]).action == "follow"
    start(first, second)
    second.psql("insert into t values (1)")
    follows(first, second)
    # A crash, with a row that the standby never had.
    first.stop()
    assert _rejoin.decide(replace(copy, data=seen(first)), [primary(second)]).action == "follow"
    second.psql("insert into t values (2)")
    second.kill()
    start(first, second)
    first.psql("select pg_promote()")
    first.psql("insert into t values (3)")
    copy = replace(copy, path=str(second.data), data=seen(second))
    assert _rejoin.decide(copy, [primary(first)]).action == "rewind"
    rewind(second, first)
    start(second, first)
    follows(second, first)
    assert second.psql("select string_agg(n::text, ',' order by n) from t") == "1,3"


def test_a_real_standby_that_crashed_cannot_be_rewound_and_is_copied(
    servers: tuple[Server, Server],
):
    first, second = servers
    second.kill()
    first.stop()
    (first.data / "standby.signal").touch()
    start(first)
    first.psql("select pg_promote()")
    first.psql("insert into t values (1)")
    copy = Copy("node1", str(second.data), "a database", seen(second))
    assert _rejoin.decide(copy, [primary(first)]).action == "backup"
    with pytest.raises(AssertionError, match="standby mode is not supported"):
        rewind(second, first)
    kept = second.data.rename(second.directory / "kept")
    copied(second, first)
    start(second, first)
    follows(second, first)
    assert kept.is_dir()
