# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl status on a real terminal, in a pipe, again and again, and for monitoring systems."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import failoverd
from failoverd.control import screen, show
from failoverd.control.health import health
from tests.unit.bounded import within

from . import schemas
from .answers import SERVICE, WELL

START = str(Path(failoverd.__file__).parents[1] / "start.py")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CLOCK = re.compile(r"\d\d:\d\d")
"""The minute may change between two calls."""
LIMIT_S = 30.0


class Daemon:
    """Answers every question for the status with what it is given."""

    def __init__(self, path: Path) -> None:
        self.path = path / "control.sock"
        self.status: Any = WELL
        self._server: socket.socket | None = None

    def begin(self) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen()
        threading.Thread(target=self._serve, args=(self._server,), daemon=True).start()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection = server.accept()[0]
            except OSError:
                return
            # Who asks may have been ended meanwhile.
            with contextlib.suppress(OSError), connection, connection.makefile("rwb") as stream:
                stream.readline()
                stream.write(json.dumps({"ok": True, "status": self.status}).encode() + b"\n")

    def end(self) -> None:
        if self._server is not None:
            self.path.unlink()
            self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            self._server = None

    def argv(self, *words: str) -> list[str]:
        return ["/usr/bin/python3", "-IS", START, "failoverctl", "status", *words]

    def environment(self, **more: str) -> dict[str, str]:
        base = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        return {**base, "FAILOVERD_RUN": str(self.path.parent), **more}

    def ctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*words),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path)
    daemon.begin()
    yield daemon
    daemon.end()


class Terminal:
    """failoverctl with a real terminal."""

    def __init__(self, daemon: Daemon, *words: str, rows: int = 50, **environment: str) -> None:
        self._main, side = pty.openpty()
        os.set_blocking(self._main, False)
        import fcntl
        import struct
        import termios

        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 120, 0, 0))
        # Who runs the tests in the background has SIGINT ignored, and children inherit that.
        self.process = subprocess.Popen(
            ["env", "--default-signal=INT", *daemon.argv(*words)],
            env=daemon.environment(**environment),
            stdin=side,
            stdout=side,
            stderr=side,
        )
        os.close(side)
        self.text = ""

    def until(self, condition: Callable[[str], Any]) -> str:
        """Read until the text fulfils it, or until the program ends."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end and not condition(self.text):
            select.select([self._main], [], [], 0.1)
            try:
                more = os.read(self._main, 65536).decode()
            except BlockingIOError:
                continue
            except OSError:
                break
            self.text += more
        assert condition(self.text), self.text
        return self.text

    def whole(self) -> str:
        """All of it; the program has to end."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            select.select([self._main], [], [], 0.1)
            try:
                more = os.read(self._main, 65536)
            except BlockingIOError:
                continue
            except OSError:
                break
            self.text += more.decode()
        assert self.process.wait(LIMIT_S) == 0
        return self.text

    def close(self) -> None:
        self.process.kill()
        self.process.wait(60)
        os.close(self._main)


@pytest.fixture
def terminal(daemon: Daemon) -> Iterator[Callable[..., Terminal]]:
    begun: list[Terminal] = []

    def begin(*words: str, **more: Any) -> Terminal:
        begun.append(Terminal(daemon, *words, **more))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()


def blocked() -> dict[str, Any]:
    status = copy.deepcopy(WELL)
    why = "node2 is silent and not proven gone; when you know it is off: failoverctl x node2"
    status["services"][0].update(state="blocked", owner="", local="stopped", why=why)
    status["links"][0]["state"] = "down"
    status["warnings"] = ["UNSAFE, accepted as single_link: there is one link"]
    return {**status, "health": health(status)}


def many(count: int) -> dict[str, Any]:
    services = [{**SERVICE, "name": f"s{number:02d}"} for number in range(count)]
    services[7] = {**copy.deepcopy(SERVICE), "name": "s07"}
    services[7]["resources"][0]["used_percent"] = 97
    status = {**WELL, "services": services}
    return {**status, "health": health(status)}


def test_a_terminal_gets_colours_and_the_same_text_as_a_pipe(
    daemon: Daemon, terminal: Callable[..., Terminal]
) -> None:
    daemon.status = blocked()
    text = terminal().whole()
    assert f"{screen.RED}CRITICAL{screen.PLAIN}" in text
    assert f"{screen.RED}DOWN{screen.PLAIN}" in text
    piped = daemon.ctl().stdout
    assert "\x1b" not in piped
    plain = ESCAPE.sub("", text).replace("\r\n", "\n")
    assert CLOCK.sub("", plain) == CLOCK.sub("", piped)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_user_who_wants_no_colour_gets_none(
    terminal: Callable[..., Terminal], environment: dict[str, str]
) -> None:
    assert "\x1b" not in terminal(**environment).whole()


def test_an_empty_no_color_means_nothing(terminal: Callable[..., Terminal]) -> None:
    assert "\x1b" in terminal(NO_COLOR="").whole()


def test_no_text_of_others_is_a_colour_or_a_command() -> None:
    assert screen.paint("x \x1b[2J type: ok").count("\x1b") == 2, "those around the word ok"


def test_one_cluster_in_order_is_one_short_screen() -> None:
    text = show.lines(WELL)
    assert text[0].startswith("OK       cluster shop, seen from node1 at ")
    assert re.match(r"shop     running on node1 since .* · node2 ready to take over$", text[1])
    assert len(text) < 12


def test_of_many_services_those_in_order_take_a_line_each() -> None:
    text = show.lines(many(50))
    assert len([line for line in text if line.startswith("s") and "running" in line]) == 50
    assert [line for line in text if "/srv/shop ok" in line] == [
        "  mounted    /srv/shop ok 97 % full"
    ]
    assert "49 are in order: failoverctl status --all shows their parts" in "\n".join(text)
    assert len(text) < 70
    every = show.lines(many(50), every=True)
    assert len([line for line in every if "/srv/shop ok" in line]) == 50


def test_a_resync_shows_a_bar_and_how_long_it_takes() -> None:
    service = {**SERVICE, "sync": {"done_percent": 41.3, "left_s": 190}}
    assert "  resync     [########------------] 41.3 %, 3 min left" in show.lines(
        {**WELL, "services": [service]}
    )


def test_what_lasts_longer_than_a_day_has_a_date() -> None:
    service = {**SERVICE, "since_s": 200_000.0}
    [line] = [x for x in show.lines({**WELL, "services": [service]}) if x.startswith("shop")]
    assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d \(2 d\)", line)


def test_a_daemon_that_does_not_judge_is_judged_by_the_tool() -> None:
    status = {**blocked()}
    del status["health"]
    assert show.lines(status)[1].startswith("  !! shop is blocked: node2 is silent")


@pytest.mark.parametrize(
    ("status", "code", "first"),
    [
        (WELL, 0, "OK - 1 service runs, node2 is ready to take over"),
        (many(50), 1, "WARNING - s07: /srv/shop is 97 % full"),
        (blocked(), 2, "CRITICAL - shop is blocked: node2 is silent and not proven gone"),
        ({"services": 1}, 3, "UNKNOWN - failoverd has another version or is broken"),
    ],
)
def test_a_monitoring_system_gets_its_exit_status(
    daemon: Daemon, status: dict[str, Any], code: int, first: str
) -> None:
    daemon.status = status
    done = daemon.ctl("--check")
    assert done.returncode == code, done.stdout
    assert done.stdout.startswith(first)


def test_a_risk_that_was_accepted_leaves_the_check_ok(daemon: Daemon) -> None:
    status = {**WELL, "warnings": ["UNSAFE, accepted as x: y"]}
    daemon.status = {**status, "health": health(status)}
    assert daemon.ctl("--check").returncode == 0


def test_without_a_daemon_the_check_is_unknown(daemon: Daemon) -> None:
    daemon.end()
    done = daemon.ctl("--check")
    assert done.returncode == 3
    assert done.stdout.startswith("UNKNOWN - failoverd does not answer at ")
    assert done.stderr == ""


def test_plain_status_ends_with_0_whatever_is_wrong(daemon: Daemon) -> None:
    daemon.status = blocked()
    assert daemon.ctl().returncode == 0


def test_the_schema_is_printed_and_describes_the_answer(daemon: Daemon) -> None:
    schema = json.loads(daemon.ctl("--schema").stdout)
    assert schema["title"] == "failoverctl status --json"
    schemas.validator("status").validate(json.loads(daemon.ctl("--json").stdout))


def test_watching_shows_each_change_and_outlives_a_restart_of_the_daemon(
    daemon: Daemon, terminal: Callable[..., Terminal]
) -> None:
    watching = terminal("--watch", "0.2")
    watching.until(lambda text: "OK" in text)
    daemon.status = blocked()
    watching.until(lambda text: "CRITICAL" in text)
    daemon.end()
    watching.until(lambda text: "does not answer" in text)
    daemon.status = WELL
    daemon.begin()
    watching.until(lambda text: "ready to take over" in text.rpartition("does not answer")[2])
    watching.process.send_signal(signal.SIGINT)
    assert watching.whole().endswith(screen.OWN_SCREEN), "the terminal is as before"


def test_watching_never_writes_more_lines_than_the_terminal_has(
    daemon: Daemon, terminal: Callable[..., Terminal]
) -> None:
    daemon.status = many(50)
    watching = terminal("--watch", rows=20)
    text = watching.until(lambda text: screen.REST_OF_SCREEN in text)
    first = text.partition(screen.REST_OF_SCREEN)[0]
    assert first.count("\n") == 19
    assert "more lines" in first


def test_watching_in_a_pipe_writes_line_after_line(daemon: Daemon) -> None:
    process = subprocess.Popen(
        daemon.argv("--watch", "0.2", "--json"), env=daemon.environment(), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        answers = [json.loads(within(process.stdout.readline)) for _round in range(3)]
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()
    assert answers == [WELL] * 3


@pytest.mark.parametrize("words", [["--json", "--check"], ["--watch", "soon"]])
def test_what_excludes_each_other_is_refused(daemon: Daemon, words: list[str]) -> None:
    assert daemon.ctl(*words).returncode == 2


def test_status_loads_nothing_that_takes_long(daemon: Daemon) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from failoverd import cli;"
        " cli.main(['status']); print(*sys.modules)"
    )
    argv = ["/usr/bin/python3", "-ISc", code, str(Path(START).parent)]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=True, env=daemon.environment(), timeout=300
    )
    heavy = {"asyncio", "dataclasses", "enum34", "inspect", "shutil", "subprocess", "typing"}
    assert not heavy & set(done.stdout.split())
