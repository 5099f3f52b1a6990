# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database moves to another directory while it is written, with real servers on this machine."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._adoption import places, postgres

from tests.unit.failoverd.postgres_server import PORT, Server, _programs

LIMIT_S = 60.0


class Move:
    """An old server, and where its database shall be."""

    def __init__(self) -> None:
        self.server = Server()
        self.home = Path(tempfile.mkdtemp(prefix="failover-test-"))
        self.home.chmod(0o755)
        self.mount = self.home / "mount"
        self.mount.mkdir(mode=0o755)
        self.told = {
            "version": "15",
            "name": "main",
            "programs": str(_programs()),
            "configuration": str(self.server.data),
            "socket": str(self.server.directory),
            "port": str(PORT),
            "source": str(self.server.data),
            "copy": str(self.mount / "database"),
            "top": str(self.mount),
        }
        self.copy = Path(self.told["copy"])

    def database(self) -> postgres.Database:
        """As each run finds it."""
        return postgres.Database(self.told, self.home / "state")

    def followed(self) -> list[str]:
        """Call it until the copy follows."""
        end, said = time.monotonic() + LIMIT_S, []
        while True:
            done, line = self.database().follow(2.0)
            said.append(line)
            if done:
                return said
            assert time.monotonic() < end, said

    def serve(self, **more: str) -> None:
        """The server runs. more: settings."""
        self.server.start(**more)

        def answers() -> bool:
            with contextlib.suppress(subprocess.CalledProcessError):
                return self.server.psql("select 1") == "1"
            return False

        until(answers)

    def moved(self) -> None:
        """The server runs from its new place."""
        self.server.data = self.copy
        self.serve()


def until(condition: Any) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def move() -> Iterator[Move]:
    made = Move()
    try:
        yield made
    finally:
        postgres.Database(made.told, made.home / "state").stop()
        made.server.remove()
        shutil.rmtree(made.home, ignore_errors=True)


def test_everything_that_was_written_is_in_the_copy_when_the_server_has_stopped(
    move: Move,
) -> None:
    move.serve()
    move.server.psql("create table rows (n int primary key, text text)")
    many = "insert into rows select n, md5(n::text) from generate_series(1, 20000) n"
    move.server.psql(many)
    said = move.followed()
    assert any("the base copy is whole" in line for line in said)
    assert "its copy follows it" in said[-1]
    written: list[int] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            number = 20001 + len(written)
            move.server.psql(f"insert into rows values ({number}, 'late')")
            written.append(number)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    until(lambda: len(written) > 10)
    stop.set()
    writer.join(LIMIT_S)
    move.server.stop()
    timeline = move.database().control(move.server.data)["Latest checkpoint's TimeLineID"]
    location = move.database().complete()
    assert location == move.database().control(move.copy)["Latest checkpoint location"]
    assert move.database().complete() == location, "a run after one that was cut off"
    move.database().release()
    move.moved()
    assert move.server.psql("select count(*) from rows") == str(20000 + len(written))
    assert move.server.psql("select pg_is_in_recovery()") == "f"
    assert move.database().control(move.copy)["Latest checkpoint's TimeLineID"] == timeline
    move.server.stop()


def test_a_copy_that_was_stopped_with_the_host_goes_on(move: Move) -> None:
    move.serve()
    move.followed()
    move.database().stop()
    move.server.psql("create table late (n int); insert into late values (7)")
    move.server.stop()
    # The server is down, and its copy lacks what it wrote: it is proved, and not taken as it is.
    database = move.database()
    monkey_s, postgres.REPLAY_S = postgres.REPLAY_S, 1.0
    try:
        with pytest.raises(places.Failed, match="has not replayed the last checkpoint"):
            database.complete()
    finally:
        postgres.REPLAY_S = monkey_s
    assert (move.copy / "standby.signal").exists()
    database.stop()
    move.serve()
    move.followed()
    move.server.stop()
    move.database().complete()
    move.database().release()
    move.moved()
    assert move.server.psql("select n from late") == "7"
    move.server.stop()


def test_a_server_that_crashed_proves_nothing(move: Move) -> None:
    move.serve()
    move.followed()
    move.server.kill()
    with pytest.raises(places.Failed, match="was not shut down cleanly"):
        move.database().complete()


def test_a_database_that_is_somebody_elses_is_not_overwritten(move: Move) -> None:
    move.copy.mkdir()
    (move.copy / "PG_VERSION").write_text("15\n")
    with pytest.raises(places.Failed, match="is not a copy that this move began"):
        move.database().follow(0.1)
    assert [path.name for path in move.copy.iterdir()] == ["PG_VERSION"]
