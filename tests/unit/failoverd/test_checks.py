# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of running applications, each against a real server on this machine."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from failoverd.checks import command, http, port, standstill
from failoverd.checks import registry as checks
from failoverd.checks.base import CheckFailed, CheckUnable
from failoverd.formats.schema import ConfigError, Section
from tests.unit.bounded import serves


class Pages(BaseHTTPRequestHandler):
    """Some pages."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        words = self.path.strip("/").partition("/")
        status = int(words[0]) if words[0].isdigit() else 200
        self.send_response(status)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"4\r\nall \r\n4;x=y\r\nwell\r\n0\r\n\r\n")
            return
        text = f"{self.path} for {self.headers['Host']}: all well".encode()
        if self.path == "/endless":
            self.end_headers()
            self.wfile.write(text)
            self.close_connection = True
            return
        self.send_header("Content-Length", str(len(text) + (5 if self.path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    """The address of a web server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    with serves(server):
        yield f"127.0.0.1:{server.server_port}"


def ask(kind: str, resource: Any = None, **fields: Any) -> None:
    """One check as a configuration describes it."""
    entry = Section(fields, "test")
    module = checks.module_of(kind)
    check = module.build(module.parse(entry), resource)
    entry.done()
    asyncio.run(check.check())
    check.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "/"},
        {"path": "/404/absent"},  # A server that says no is a server that works.
        {"path": "/503/", "status": [503]},
        {"path": "/deep/page?a=b", "body": "^/deep/page[?]a=b for 127.0.0.1:.*all well$"},
        {"path": "/named", "host": "shop.example", "body": "for shop.example"},
        {"path": "/chunked", "body": "^all well$"},
        {"path": "/endless", "body": "all well"},
    ],
)
def test_a_good_page_is_good(web: str, fields: dict[str, Any]) -> None:
    url = f"http://{web}{fields.pop('path')}"
    ask("http", url=url, **fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"path": "/500/x"}, "/500/x answered with status 500"),
        ({"path": "/302/x", "status": [200, 204]}, "answered with status 302"),
        ({"path": "/", "body": "maintenance"}, "/ does not hold 'maintenance'"),
        ({"path": "/cut", "body": "well"}, "closed before the answer ended"),
    ],
)
def test_a_bad_page_is_told_with_its_reason(web: str, fields: dict[str, Any], said: str) -> None:
    url = f"http://{web}{fields.pop('path')}"
    with pytest.raises(CheckFailed, match=said):
        ask("http", url=url, **fields)


def listening(answer: bytes, what: Any) -> Any:
    """Run what(port) beside a server that answers so to everything."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    async def main() -> Any:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            return await what(server.sockets[0].getsockname()[1])

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "closed before"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", "not HTTP"),
        (b"x" * 200_000, "not HTTP"),
    ],
)
def test_something_else_than_a_web_server_is_a_failure(answer: bytes, said: str) -> None:
    async def what(number: int) -> None:
        entry = Section({"url": f"http://127.0.0.1:{number}/", "body": "x"}, "test")
        with pytest.raises(CheckFailed, match=said):
            await http.Http(http.parse(entry)).check()

    listening(answer, what)


def test_a_port_is_good_while_somebody_listens() -> None:
    numbers: list[int] = []

    async def what(number: int) -> None:
        numbers.append(number)
        await port.Port(port.parse(Section({"port": number}, "test"))).check()

    listening(b"", what)
    with pytest.raises(CheckFailed, match="Connection refused"):
        ask("port", port=numbers[0])


def test_a_unix_socket_is_good_while_somebody_listens(tmp_path: Path) -> None:
    path = tmp_path / "socket"

    async def main() -> None:
        server = await asyncio.start_unix_server(lambda r, w: w.close(), str(path))
        async with server:
            await port.Port(port.parse(Section({"path": str(path)}, "test"))).check()

    asyncio.run(main())
    with pytest.raises(CheckFailed, match=f"cannot connect to {path}: "):
        ask("port", path=str(path))


def test_a_command_serves_if_it_exits_with_0(script: Any) -> None:
    ask("command", command=[script("good", '[ "$1" = "a b" ]'), "a b"])
    with pytest.raises(CheckFailed, match="bad exited with 3: replication is 80 s behind"):
        ask("command", command=[script("bad", "echo replication is 80 s behind; exit 3")])
    with pytest.raises(CheckUnable, match="/absent/program: No such file"):
        ask("command", command=["/absent/program"])


@pytest.mark.parametrize("begun", ["begun", "beginning"])
def test_a_command_that_is_given_up_leaves_nothing_behind(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: Any, begun: str
) -> None:
    number = tmp_path / "pid"
    path = script("slow", f"sleep 600 & echo $! > {number}.new; mv {number}.new {number}; wait")
    real = asyncio.create_subprocess_exec

    async def slow(*argv: Any, **options: Any) -> Any:
        """On a busy machine the program runs before its parent knows."""
        child = await real(*argv, **options)
        for _round in range(3000):
            if given_up:
                break
            await asyncio.sleep(0.01)
        return child

    given_up: list[bool] = []
    if begun == "beginning":
        monkeypatch.setattr(asyncio, "create_subprocess_exec", slow)

    async def main() -> int:
        task = asyncio.create_task(command.Command(command.Options((path,))).check())
        for _round in range(3000):
            if number.exists():
                break
            await asyncio.sleep(0.01)
        task.cancel()
        given_up.append(True)
        with pytest.raises(asyncio.CancelledError):
            await task
        return int(number.read_text())

    ends(asyncio.run(main()))


def test_f51_a_stopped_main_process_is_a_failure(sleeper: Any, until: Any) -> None:
    child = sleeper()
    check = standstill.Standstill(SimpleNamespace(main_pid=child.pid))
    asyncio.run(check.check())
    child.send_signal(signal.SIGSTOP)

    async def main() -> None:
        await until(lambda: standstill.pidfd.is_stopped(child.pid))
        with pytest.raises(CheckFailed, match=f"main process {child.pid} is stopped by a signal"):
            await check.check()

    asyncio.run(main())
    asyncio.run(standstill.Standstill(SimpleNamespace(main_pid=0)).check())


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"type": "prayer"}, "monitor[0].type: must be one of port, http, query, command, process"),
        ({"type": "http"}, "monitor[0].url: must be a non-empty text"),
        ({"type": "http", "url": "ftp://x/"}, "monitor[0].url: is not a URL"),
        ({"type": "http", "url": "http://x:99999/"}, "monitor[0].url: is not a URL"),
        ({"type": "http", "url": "http://u:p@x/"}, "monitor[0].url: is not a URL"),
        ({"type": "http", "url": "http://x/a b"}, "monitor[0].url: holds a space"),
        ({"type": "http", "url": "http://x/", "status": [42]}, "monitor[0].status: must be a list"),
        ({"type": "http", "url": "http://x/", "body": "("}, "monitor[0].body: is not a regular"),
        ({"type": "port"}, "monitor[0].port: is missing"),
        ({"type": "port", "path": "relative"}, "monitor[0].path: must be an absolute path"),
        ({"type": "command", "command": "true"}, "monitor[0].command: must be a list of texts"),
        ({"type": "command", "command": ["true"]}, "monitor[0].command: must begin with"),
        ({"type": "query", "port": 0}, "monitor[0].port: must lie between"),
        ({"type": "port", "port": 1, "deadline_s": 0}, "monitor[0].deadline_s: must lie between"),
        ({"type": "port", "port": 1, "urgent": True}, "monitor[0].urgent: is not a known field"),
    ],
)
def test_what_is_wrong_is_one_sentence(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        checks.parse_checks(Section({"monitor": [entry]}, "cluster.json"))
    assert str(caught.value).startswith(f"cluster.json: {sentence}")


def test_two_checks_of_one_name_cannot_be_told_apart() -> None:
    twice = Section({"monitor": [{"type": "port", "port": 1}] * 2}, "cluster.json")
    with pytest.raises(ConfigError, match="port is used twice"):
        checks.parse_checks(twice)
