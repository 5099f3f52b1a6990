# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client as a process: started, followed, ended."""

from __future__ import annotations

import http.server
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.demo.measure import ClientProcess
from lab.errors import LabError
from tests.unit.bounded import serves
from tests.unit.demo.fake_postgres import FakePostgres


class Here:
    """A lab whose network is this machine's loopback."""

    def run_in(self, argv: list[str], **popen: Any) -> subprocess.Popen[Any]:
        return subprocess.Popen(argv, **popen)


class Welcome(http.server.BaseHTTPRequestHandler):
    """Answers every GET with the same page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"welcome")

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture
def web() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Welcome)
    with serves(server):
        yield server.server_port


def options(database: int, web: int) -> list[str]:
    """Arguments for both servers."""
    return [
        *("--host", "127.0.0.1", "--port", str(database), "--dbname", "shop"),
        *("--http-port", str(web), "--marker", "welcome"),
    ]


def test_it_is_steady_while_served_and_accounts_at_the_end(
    postgres: FakePostgres, web: int, tmp_path: Path
) -> None:

    client = ClientProcess(Here(), tmp_path / "out", options(postgres.port, web), "secret")
    try:
        assert client.wait_steady(0.5, timeout=30)
        postgres.plan = {max(client.look().numbers) + 3: "lose"}
        postgres.wait_inserts(max(client.look().numbers) + 10)
        summary = client.finish()
    finally:
        client.kill()
    assert summary["lost"] == list(postgres.plan)
    assert summary["acknowledged"] == len(client.served.numbers)
    assert summary["pages"]["ok"] == len(client.served.pages)


def test_without_the_web_page_it_is_not_steady(postgres: FakePostgres, tmp_path: Path) -> None:
    client = ClientProcess(Here(), tmp_path / "out", options(postgres.port, 9), "secret")
    try:
        postgres.wait_inserts(5)
        assert not client.wait_steady(0.2, timeout=1.0)
    finally:
        client.kill()


def test_a_client_that_fetches_no_page_is_steady_without_any(
    postgres: FakePostgres, tmp_path: Path
) -> None:
    rows = [*options(postgres.port, 9)[:6], "--path", ""]
    client = ClientProcess(Here(), tmp_path / "out", rows, "secret")
    try:
        assert client.wait_steady(0.5, timeout=30)
    finally:
        client.kill()


def test_service_before_the_given_time_does_not_count(
    postgres: FakePostgres, web: int, tmp_path: Path
) -> None:
    client = ClientProcess(Here(), tmp_path / "out", options(postgres.port, web), "secret")
    try:
        assert client.wait_steady(0.5, timeout=30)
        later = time.monotonic() + 1000
        assert not client.wait_steady(0.5, timeout=0.5, since=later)
    finally:
        client.kill()


def test_a_client_that_ends_by_itself_is_an_error(tmp_path: Path) -> None:
    client = ClientProcess(Here(), tmp_path / "out", ["--rate", "nonsense"], "secret")
    with pytest.raises(LabError, match="nonsense"):
        client.wait_steady(0.1, timeout=30)
    client.kill()


def test_the_password_is_not_on_the_command_line(
    postgres: FakePostgres, web: int, tmp_path: Path
) -> None:
    seen: list[str] = []

    class Spy(Here):
        def run_in(self, argv: list[str], **popen: Any) -> subprocess.Popen[Any]:
            seen.extend(argv)
            return super().run_in(argv, **popen)

    ClientProcess(Spy(), tmp_path / "out", options(postgres.port, web), "hush").kill()
    assert "hush" not in " ".join(seen)
