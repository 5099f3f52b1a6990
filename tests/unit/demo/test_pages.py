# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages and sessions as the client judges them."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.client.pages import Answer, Page, PageReader, SessionKeeper, fetch, parse
from lab.client.recording import Recorder, read

WAIT_S = 60.0
"""Ends a test that fails anyway."""
PATTERN = re.compile(r"visits: (\d+)")


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """Answers every request with the same bytes; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    link, _address = listening.accept()
                except OSError:
                    return
                # The client may have left meanwhile.
                with contextlib.suppress(OSError), link:
                    link.recv(4096)
                    link.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def record_one(port: int, out: Path, marker: str) -> dict[str, object]:
    """The first record of a page reader."""
    stop, recorder = threading.Event(), Recorder(out)
    page = Page("127.0.0.1", port, "/", marker, deadline_s=WAIT_S)
    reader = PageReader(page, 0.01, recorder, stop)
    reader.start()
    until = time.monotonic() + WAIT_S
    while not list(read(out)) and time.monotonic() < until:
        stop.wait(0.01)
    stop.set()
    reader.join(WAIT_S)
    return next(iter(read(out)))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome", "ok"),
        (b"HTTP/1.1 503 No\r\n\r\nwelcome", "failed"),
        (b"HTTP/1.1 200 OK\r\n\r\nsomebody else's page", "failed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\nwelcome", "failed"),
        (b"rubbish", "failed"),
    ],
)
def test_only_a_whole_right_page_counts(tmp_path: Path, answer: bytes, outcome: str) -> None:
    with server(answer) as port:
        assert record_one(port, tmp_path / "out", "welcome")["outcome"] == outcome


def test_a_refused_connection_is_recorded_as_failed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert record_one(port, tmp_path / "out", "")["outcome"] == "failed"


def test_a_server_that_accepts_and_stays_silent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(OSError):
        fetch(Page("127.0.0.1", listening.getsockname()[1], "/", deadline_s=0.2))


def keeper(tmp_path: Path) -> SessionKeeper:
    """A session keeper that is only asked to judge."""
    recorder = Recorder(tmp_path / "session")
    return SessionKeeper(Page("::1", 80, "/"), PATTERN, 1.0, recorder, threading.Event())


def visit(count: int) -> Answer:
    """The application's page."""
    return Answer(200, (("set-cookie", "PHPSESSID=abc; path=/"),), f"visits: {count}")


def test_a_session_is_kept_while_its_count_grows(tmp_path: Path) -> None:
    judge = keeper(tmp_path).judge
    outcomes = [judge(visit(count))["outcome"] for count in (1, 2, 3, 5)]
    assert outcomes == ["new", "kept", "kept", "kept"]


def test_a_session_that_begins_anew_is_lost(tmp_path: Path) -> None:
    judge = keeper(tmp_path).judge
    assert [judge(visit(count))["outcome"] for count in (1, 2, 1, 2)] == [
        "new",
        "kept",
        "lost",
        "kept",
    ]


def test_a_count_that_the_dead_owner_had_not_written_is_not_a_lost_session(
    tmp_path: Path,
) -> None:
    judge = keeper(tmp_path).judge
    assert [judge(visit(count))["outcome"] for count in (7, 8, 6)][-1] == "rewound"


def test_an_error_page_leaves_the_session_alone(tmp_path: Path) -> None:
    judge = keeper(tmp_path).judge
    judge(visit(1))
    assert judge(Answer(500, (), ""))["outcome"] == "failed"
    assert judge(visit(2))["outcome"] == "kept"


def test_header_names_are_read_in_any_case() -> None:
    answer = parse(b"HTTP/1.0 200 OK\r\nSet-COOKIE: a=b\r\n\r\n")
    assert answer.header("Set-Cookie") == "a=b"
