# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F55: a number that another program has by now does not keep a real PostgreSQL down."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from failoverd.resources import postmaster
from failoverd.resources.base import Situation
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.unit import Options, Unit

from .postgres_server import ACCOUNT, PORT, Server
from .test_unit import Manager

pytestmark = pytest.mark.finding("S24")


@pytest.fixture
def crashed() -> Iterator[Server]:
    """A server of which only the lock files are left."""
    server = Server()
    try:
        server.start()
        _wait(server)
        server.kill()
        yield server
    finally:
        server.remove()


@pytest.fixture
def stranger() -> Iterator[int]:
    """A long-lived process of the same account."""
    process = subprocess.Popen(["sleep", "600"], user=ACCOUNT, cwd="/")
    yield process.pid
    process.kill()
    process.wait(60)


def _wait(server: Server) -> None:
    for _round in range(600):
        try:
            server.psql("SELECT 1")
            return
        except subprocess.CalledProcessError:
            assert server.runs, "it refuses to start"
    raise AssertionError("the server does not start")


def give(server: Server, pid: int) -> list[Path]:
    """Write a process's number into the lock files, as if the kernel had given it anew."""
    files = [server.data / "postmaster.pid", server.directory / f".s.PGSQL.{PORT}.lock"]
    for path in files:
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([f"{pid}\n", *lines[1:]]))
    return files


def start(server: Server) -> list[str]:
    """Start the unit of this server as the daemon does; returns what is told."""
    told: list[str] = []
    manager: Any = Manager()
    options = Options("db.service", str(server.data))

    async def main() -> None:
        settings = ResourceSettings("db", "unit", (), 5.0, 5.0, options)
        db = Unit(settings, manager, lambda code, text: told.append(text))
        await db.start(Situation())
        db.close()

    asyncio.run(main())
    server.start()
    return told


def test_a_number_of_another_program_of_the_account_does_not_keep_it_down(
    crashed: Server, stranger: int
) -> None:
    files = give(crashed, stranger)
    told = start(crashed)
    _wait(crashed)
    assert len(told) == 2
    assert all(str(path) in text for path, text in zip(files, told, strict=True))
    os.kill(stranger, 0)


def test_the_lock_of_a_server_that_lives_is_left_alone(crashed: Server) -> None:
    crashed.start()
    _wait(crashed)
    before = (crashed.data / "postmaster.pid").read_text()
    assert postmaster.clear(str(crashed.data)) == []
    assert (crashed.data / "postmaster.pid").read_text() == before


def test_a_process_of_the_server_that_outlived_it_counts_as_the_server(
    crashed: Server, stranger: int
) -> None:
    """Whatever the directory is called where it lives, as in a container."""
    give(crashed, stranger)
    other = crashed.directory / "other"
    other.symlink_to(crashed.data)
    left = subprocess.Popen(["sleep", "600"], user=ACCOUNT, cwd=crashed.data)
    try:
        assert postmaster.clear(str(other)) == []
    finally:
        left.kill()
        left.wait(60)
    assert len(postmaster.clear(str(crashed.data))) == 2


@pytest.mark.finding("S23")
def test_f77_a_file_that_makes_it_a_standby_for_good_is_told(crashed: Server) -> None:
    assert start(crashed) == []
    crashed.kill()
    (crashed.data / "standby.signal").touch()
    [text] = start(crashed)
    assert f"{crashed.data}/standby.signal makes this PostgreSQL a standby" in text
    assert "remove the file" in text


def test_a_lock_that_is_not_in_the_way_is_left_to_the_server(crashed: Server) -> None:
    assert postmaster.clear(str(crashed.data)) == []
    assert (crashed.data / "postmaster.pid").exists()


@pytest.mark.parametrize("content", ["", "x\n", "\0\n", "1\n", "-1\n", f"{2**70}\n", "1\n" * 9])
def test_any_content_is_survived(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)
    shutil.chown(tmp_path, ACCOUNT)
    removed = postmaster.clear(str(tmp_path))
    assert removed == [str(tmp_path / "postmaster.pid")] * (content.lstrip("-")[:2] == "1\n")


def test_the_lock_of_a_socket_that_another_server_has_now_is_left_alone(
    crashed: Server, stranger: int, tmp_path: Path
) -> None:
    """One with another data directory has begun on the same port since."""
    pidfile, lock = give(crashed, stranger)
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([lines[0], str(tmp_path), *lines[2:]]) + "\n")
    assert postmaster.clear(str(crashed.data)) == [str(pidfile)]
    assert lock.exists()


def test_no_other_file_is_removed_however_the_account_words_its_lock(
    crashed: Server, stranger: int
) -> None:
    """The account of the server writes the file, and root reads it."""
    victim = crashed.directory / "victim.lock"
    pidfile, lock = give(crashed, stranger)
    shutil.copy(lock, victim)
    lines = pidfile.read_text().splitlines()
    (crashed.directory / ".s.PGSQL.").mkdir()
    lines[postmaster.PORT] = "/../victim"
    pidfile.write_text("\n".join(lines) + "\n")
    assert postmaster.clear(str(crashed.data)) == [str(pidfile)]
    assert victim.exists()


def test_what_is_no_plain_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "postmaster.pid")
    assert postmaster.clear(str(tmp_path)) == []
    (tmp_path / "postmaster.pid").unlink()
    assert postmaster.clear(str(tmp_path)) == []
