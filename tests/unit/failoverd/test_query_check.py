# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL is asked by a client of our own: against a real server, and one that misbehaves."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from failoverd.checks import query
from failoverd.checks.base import CheckFailed, CheckSettings, CheckUnable
from failoverd.checks.watcher import Watcher
from failoverd.formats.schema import Section
from tests.unit.bounded import LIMIT_S, begun

from .postgres_server import PORT, Server

ROOT = os.geteuid()


async def _serving(check: query.Query) -> None:
    """Wait until the server has started."""
    for _round in range(3000):
        try:
            return await check.check()
        except CheckFailed:
            await asyncio.sleep(0.02)
    raise AssertionError("the server does not start")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for all tests of this file."""
    made = Server()
    try:
        made.start()
        asyncio.run(_serving(asking(made.directory, patience_s=0)))
        yield made
    finally:
        made.remove()


def asking(directory: Path, **fields: Any) -> query.Query:
    """The check as a configuration describes it."""
    entry = Section({"directory": str(directory), "port": PORT, **fields}, "test")
    options = query.parse(entry)
    entry.done()
    return query.Query(options)


def test_a_server_is_asked_by_peer_authentication_and_no_right_is_lost(server: Server) -> None:
    async def main() -> None:
        assert os.geteuid() == ROOT
        # Other threads never stop being root, this one is root again and may use it.
        os.chown(server.directory / "data" / "PG_VERSION", -1, -1)
        with pytest.raises(CheckUnable, match=r'Peer authentication failed for user "postgres"'):
            await asking(server.directory, account="nobody").check()
        assert os.geteuid() == ROOT

    asyncio.run(main())


def test_other_threads_stay_root_while_one_connects_as_another_account() -> None:
    if ROOT != 0:
        raise AssertionError("the tests of the daemon need root")
    seen: list[int] = []
    inside = threading.Event()

    def look() -> None:
        inside.wait(LIMIT_S)
        seen.append(os.geteuid())

    other = begun(look)
    with query.peer._acting_as(query.peer.uid_of("nobody")):
        assert os.geteuid() == query.peer.uid_of("nobody")
        inside.set()
        other.join(LIMIT_S)
        status = Path(f"/proc/self/task/{threading.get_native_id()}/status").read_text()
        for line in status.splitlines():
            if line.startswith("Uid:"):
                assert line.split()[1::2] == ["0", "0"]  # real and saved
    assert seen == [0]
    assert os.geteuid() == 0


def test_f51_a_stopped_postmaster_is_seen_though_a_kept_session_answers(
    server: Server, until: Any
) -> None:
    async def main() -> None:
        check = asking(server.directory, connect_every=3)
        await check.check()
        settings = CheckSettings("query", "query", interval_s=0.02, deadline_s=0.5)
        watcher = Watcher(settings, check, lambda: "")
        reports: list[str] = []
        server.send(signal.SIGSTOP)
        try:
            session = check._session
            assert session is not None
            await session.ask("SELECT 1")
            watcher.begin(reports.append)
            await until(lambda: reports, 60)
            assert reports == ["query: no answer within 0.5 s"]
        finally:
            server.send(signal.SIGCONT)
        await until(lambda: watcher.report()["state"] == "ok", 60)
        watcher.end()

    asyncio.run(main())


def test_a_kept_session_is_used_again_and_renewed(server: Server) -> None:
    async def main() -> None:
        check = asking(server.directory, connect_every=2)
        await check.check()
        first = check._session
        await check.check()
        assert check._session is first
        await check.check()
        assert check._session is not first
        check.close()

    asyncio.run(main())


def test_a_write_reaches_the_log(server: Server) -> None:
    where = "SELECT pg_current_wal_insert_lsn()"

    async def main() -> None:
        reading, writing = asking(server.directory), asking(server.directory, write=True)
        await reading.check()
        server.psql("CHECKPOINT")
        begin = server.psql(where)
        await reading.check()
        assert server.psql(where) == begin
        await writing.check()
        assert server.psql(where) != begin
        writing.close()
        reading.close()

    asyncio.run(main())


def test_a_query_that_fails_is_told_in_the_servers_words(server: Server) -> None:
    async def main() -> None:
        with pytest.raises(CheckFailed, match='relation "absent" does not exist'):
            await asking(server.directory, query="SELECT * FROM absent").check()
        with pytest.raises(CheckUnable, match='database "absent" does not exist'):
            await asking(server.directory, database="absent").check()

    asyncio.run(main())


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def error(code: str, severity: str = "FATAL") -> bytes:
    body = f"S{severity}\0V{severity}\0C{code}\0Mthe reason\0\0".encode()
    return b"E" + struct.pack("!I", len(body) + 4) + body


def played(tmp_path: Path, answer: bytes, rounds: int = 1, **fields: Any) -> list[str]:
    """What a check says, several times, of a server that always answers so and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    async def main() -> list[str]:
        unix = await asyncio.start_unix_server(serve, str(tmp_path / f".s.PGSQL.{PORT}"))
        check = asking(tmp_path, account="root", **fields)
        said = []
        async with unix:
            for _round in range(rounds):
                try:
                    await check.check()
                    said.append("good")
                except CheckFailed as failure:
                    said.append(f"failed: {failure}")
                except CheckUnable as failure:
                    said.append(f"unable: {failure}")
        return said

    return asyncio.run(main())


def test_a_server_that_is_full_serves(tmp_path: Path) -> None:
    assert played(tmp_path, error("53300"), rounds=3) == ["good"] * 3


def test_a_server_that_will_be_back_has_time_to(tmp_path: Path) -> None:
    assert played(tmp_path, error("57P03"), rounds=3) == ["good"] * 3
    (tmp_path / f".s.PGSQL.{PORT}").unlink(missing_ok=True)
    assert played(tmp_path, error("57P03"), patience_s=0) == ["failed: the reason"]


@pytest.mark.parametrize("code", ["28000", "28P01", "3D000"])
def test_a_refused_login_is_no_failure_of_the_server(tmp_path: Path, code: str) -> None:
    assert played(tmp_path, error(code)) == ["unable: the reason"]


def test_a_server_that_wants_a_password_is_no_failure(tmp_path: Path) -> None:
    scram = b"R" + struct.pack("!II", 8, 10)
    [said] = played(tmp_path, scram)
    assert said.startswith("unable: ")
    assert "wants a password of postgres" in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (error("XX000"), "the reason"),
        (b"", "the server closed the connection"),
        (b"R\0\0", "the server closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n", "the answer is not that of a PostgreSQL server"),
    ],
)
def test_anything_else_is_a_failure(tmp_path: Path, answer: bytes, said: str) -> None:
    assert played(tmp_path, answer) == [f"failed: {said}"]


def test_no_socket_and_an_unknown_account_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="No such file"):
        asyncio.run(asking(tmp_path, account="root").check())
    with pytest.raises(CheckUnable, match="no account no-such-account"):
        asyncio.run(asking(tmp_path, account="no-such-account").check())
