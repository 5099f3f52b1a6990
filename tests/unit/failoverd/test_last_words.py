# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reason of a failed start is the application's own word: once, whole, with what to type."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from failoverd.control import show, status
from failoverd.core import actions
from failoverd.core.words import shorten
from failoverd.links.wire import Wire
from failoverd.resources import agents, lastwords, lsb, ocf
from failoverd.resources import unit as units
from failoverd.resources.base import ResourceError, Situation
from failoverd.resources.service import Failed, Service
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.unit import Options, Unit
from tests.unit.core.pair import Half, Pair

from .postgres_server import Server
from .test_unit import Manager

pytestmark = pytest.mark.finding("S32")

FULL = 'FATAL: could not write lock file "postmaster.pid": No space left on device'
POSTGRESQL = f"""\
2026-11-26 10:00:01.123 UTC [815] LOG:  starting PostgreSQL 15.18 on x86_64-pc-linux-gnu
2026-11-26 10:00:01.125 UTC [815] {FULL.replace(": ", ":  ", 1)}
2026-11-26 10:00:01.130 UTC [815] LOG:  database system is shut down
"""
SAID = {
    "PostgreSQL": (POSTGRESQL, FULL),
    "Apache": (
        "AH00558: apache2: Could not reliably determine the server's fully qualified domain name\n"
        "(98)Address already in use: AH00072: make_sock: could not bind to address 10.0.0.9:80\n"
        "no listening sockets available, shutting down\n",
        "(98)Address already in use: AH00072: make_sock: could not bind to address 10.0.0.9:80",
    ),
    "nginx": (
        '2026/11/26 10:00:00 [emerg] 77#77: open() "/x.conf" failed (2: No such file)\n'
        "nginx: configuration file /etc/nginx/nginx.conf test failed\n",
        '[emerg] 77#77: open() "/x.conf" failed (2: No such file)',
    ),
    "MariaDB": (
        "2026-11-26 10:00:00 0 [Note] InnoDB: Starting shutdown...\n"
        "2026-11-26 10:00:00 0 [ERROR] Aborting\n",
        "0 [ERROR] Aborting",
    ),
    "OCF agent": (
        "Nov 26 10:00:00 INFO: checking\nocf-exit-reason:Setup problem: no binary x\n"
        "Nov 26 10:00:00 ERROR: giving up\n",
        "Setup problem: no binary x",
    ),
    "LSB script": (
        "Starting worker: \x1b[31mworker failed!\x1b[0m\n\n",
        "Starting worker: worker failed!",
    ),
    "a program in Python": (
        'Traceback (most recent call last):\n  File "x", line 1\nValueError: bad port\n',
        "ValueError: bad port",
    ),
    "one that says nothing bad": ("hello\nbye\n", "bye"),
    "one that says nothing": ("\n \n", ""),
}  # fmt: skip


@pytest.mark.parametrize("who", SAID)
def test_of_all_that_was_said_the_line_that_tells_is_the_reason(who: str) -> None:
    text, reason = SAID[who]
    assert lastwords.choose(text) == reason


def test_a_line_without_end_is_no_reason_without_end() -> None:
    reason = lastwords.choose("error: " + "word " * 10_000 + "\n" + "\0\x07" * 10_000)
    assert reason.startswith("error: word word")
    assert reason.endswith("word…")
    assert len(reason) <= lastwords.LONGEST


def test_what_a_real_postgresql_says_that_does_not_start() -> None:
    server = Server()
    try:
        (server.data / "PG_VERSION").write_text("7\n")
        ended = subprocess.run(
            server.command(),
            user="postgres",
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    finally:
        server.remove()
    assert lastwords.choose(ended.stderr).startswith(
        "FATAL: database files are incompatible with server"
    )


@pytest.mark.parametrize(
    ("text", "longest", "short"),
    [
        ("all of it", 9, "all of it"),
        ("all of it", 8, "all of…"),
        ("all of it", 7, "all of…"),
        ("unbreakable", 6, "unbre…"),
        ("one; two", 5, "one…"),
        ("anything", 1, "…"),
        ("anything", 0, ""),
    ],
)
def test_what_is_too_long_ends_with_a_whole_word(text: str, longest: int, short: str) -> None:
    assert shorten(text, longest) == short
    assert len(shorten(text, longest)) <= longest


class Failing(Manager):
    """A systemd whose one unit ends as failed; the journal has its words."""

    def __init__(self, result: str = "failed") -> None:
        super().__init__()
        self.after_job["StartUnit"] = "failed"
        self.result = result

    async def job(self, member: str, unit: str) -> str:
        await super().job(member, unit)
        return self.result

    async def properties(self, unit: str) -> dict[str, Any]:
        return {**await super().properties(unit), "InvocationID": bytes.fromhex("ab" * 16)}


@pytest.fixture
def journal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: Any
) -> Any:  # a function: text -> None
    """Sets what the journal holds of that invocation, and of no other."""

    def holds(text: str) -> None:
        (tmp_path / "words").write_text(text)
        body = f'case "$*" in *_SYSTEMD_INVOCATION_ID={"ab" * 16}) cat {tmp_path}/words;; esac'
        monkeypatch.setattr(lastwords, "JOURNALCTL", script("journalctl", body))
        monkeypatch.setattr(units, "SAID_AGAIN_S", 0.0)

    return holds


def db(manager: Any, limit_s: float = 5.0) -> Unit:
    settings = ResourceSettings("db", "unit", (), limit_s, 5.0, Options("db.service"))
    return Unit(settings, manager)


def test_the_reason_of_a_failed_start_is_what_the_application_said(journal: Any) -> None:
    journal(POSTGRESQL)
    with pytest.raises(ResourceError) as caught:
        asyncio.run(db(Failing()).start(Situation()))
    assert str(caught.value) == f"db.service: {FULL}; see journalctl -u db.service"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("failed", "the start ended as failed"),
        ("assert", "an Assert of the unit's file does not hold"),
    ],
)
def test_without_a_word_of_it_systemds_result_is_told(journal: Any, result: str, said: str) -> None:
    journal("")
    with pytest.raises(ResourceError, match=f"db.service: {said}, the unit is failed; see jour"):
        asyncio.run(db(Failing(result)).start(Situation()))


class Told:
    """A history that nobody reads."""

    def add(self, code: str, text: str, **more: Any) -> None:
        pass


def test_a_start_that_does_not_get_there_tells_what_was_said_last(journal: Any) -> None:
    journal("waiting for the license server: connection refused\n")

    class Hanging(Failing):
        async def job(self, member: str, unit: str) -> str:
            await asyncio.sleep(3600)
            return ""

    settings: Any = SimpleNamespace(name="shop")
    service = Service(settings, {"db": db(Hanging(), 0.2)}, Told())
    with pytest.raises(Failed) as caught:
        asyncio.run(service.start(1, peer_gone=False))
    assert str(caught.value) == (
        "db was not done in time; its last message: waiting for the license server: connection"
        " refused"
    )


def test_an_agents_and_a_scripts_own_reason_is_told(tmp_path: Path) -> None:
    path = tmp_path / "resource.d" / "test" / "a"
    path.parent.mkdir(parents=True)
    body = "echo 'ocf-exit-reason:no such pool'; echo 'ERROR: giving up'; exit 1"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    nobody: Any = None
    own = ResourceSettings("db", "ocf", (), 60, 60, ocf.Options("test:a", {}))
    agent = ocf.Ocf(own, nobody, tmp_path)
    done = asyncio.run(agents.run((str(path), "start"), {}, 20))
    assert str(agent._error("start", done)) == "ocf:test:a: start failed: no such pool"
    own = ResourceSettings("w", "lsb", (), 60, 60, lsb.Options("a"))
    script = lsb.Lsb(own, nobody, path.parent)
    assert str(script._error("start", done)) == "lsb:a: start ended with 1: no such pool"


def both_failed(reason: str, other: str) -> Pair:
    pair = Pair()
    pair.talk(3)
    for half in (pair.a, pair.b):
        half.settle()
    pair.talk()
    for half, why in ((pair.a, reason), (pair.b, other)):
        half.finish(actions.Start, ok=False, reason=why)
        half.finish(actions.Stop)
        pair.talk()
    pair.talk(50)
    return pair


def screen(half: Half, monkeypatch: pytest.MonkeyPatch) -> str:
    """What failoverctl status shows there."""
    service = cast(Any, SimpleNamespace(drbd=None, resources={}))
    monkeypatch.setattr("time.monotonic", lambda: half.now)
    seen = status.snapshot(half.state, {"shop": service}, [], {}, [], lambda _name: 0.0, {})
    return "\n".join(show.lines(seen))


LONG = f"postgresql-shop.service: {FULL}; see journalctl -u postgresql-shop.service"


@pytest.mark.parametrize("other", [LONG, LONG.replace("No space left", "Read-only")])
def test_status_tells_the_reasons_of_both_nodes_once_and_whole(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = both_failed(LONG, other)
    for half in (pair.a, pair.b):
        seen = screen(half, monkeypatch)
        assert seen.count(LONG) == 1
        assert seen.count(other) == 1
        assert "cannot take over, see above" in seen


def test_what_the_peer_hears_ends_with_a_whole_word() -> None:
    reason = " ".join(["unforeseeable"] * 40)
    pair = both_failed(reason, reason)
    message = pair.a.state.said
    assert message is not None
    frame = Wire((b"k" * 32,), "c", "a", "b", ["shop"]).encode(message)
    [report] = Wire((b"k" * 32,), "c", "b", "a", ["shop"]).decode(frame).services
    assert len(report.why) > 200
    assert re.fullmatch(r"it failed on a:( unforeseeable)+…", report.why)
