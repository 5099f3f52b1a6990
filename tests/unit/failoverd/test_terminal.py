# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What failoverctl puts on root's terminal, and how it ends: one sentence, and the right status."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import failoverd
from tests.fuzz.targets.status import STATUS
from tests.unit.bounded import within

FILES = Path(failoverd.__file__).parents[1]
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.exe\u2066\r\x7f\x00\u2028\ud800é"
"""Title, clear screen, C1, bidi, carriage return, delete, line separator, half a character."""
FORBIDDEN = {chr(n) for n in (*range(32), *range(127, 160), 0x202E, 0x2066, 0x2028)} - {"\n"}
PEOPLE = 65534
"""The ordinary user nobody."""


def spoilt(value: Any) -> Any:
    """The same with every text in it made evil, but for the words that choose the form."""
    if isinstance(value, dict):
        kept = ("state", "type", "last")
        return {k: v if k in kept else spoilt(v) for k, v in value.items()}
    if isinstance(value, list):
        return [spoilt(item) for item in value]
    return f"{value}{EVIL}" if isinstance(value, str) and value else value


class Node:
    """A run and a state directory, and failoverctl as it is installed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.installed = path / "installed"
        shutil.copytree(FILES, self.installed, ignore=shutil.ignore_patterns("__pycache__"))
        (path / "state").mkdir()
        (path / "run").mkdir()

    def command(self, *words: str) -> list[str]:
        return ["/usr/bin/python3", "-IS", str(self.installed / "start.py"), "failoverctl", *words]

    def environment(self, **more: str) -> dict[str, str]:
        paths = {f"FAILOVERD_{name.upper()}": str(self.path / name) for name in ("run", "state")}
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **paths, **more}

    def ctl(self, *words: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.command(*words),
            env=self.environment(**more.pop("env", {})),
            capture_output=True,
            timeout=60,
            check=False,
            **more,
        )

    def history(self, *texts: str) -> None:
        entry = {"time": 1.7e9, "level": "alert", "code": "code", "service": "", "data": {}}
        lines = [json.dumps({**entry, "text": text}) + "\n" for text in texts]
        (self.path / "state/history.jsonl").write_text("".join(lines))

    def answer(self, answer: dict[str, Any]) -> None:
        """A daemon that gives this answer once."""
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.path / "run/control.sock"))
        server.listen()

        def serve() -> None:
            with server, server.accept()[0] as connection, connection.makefile("rwb") as stream:
                stream.readline()
                stream.write(json.dumps(answer).encode() + b"\n")

        threading.Thread(target=serve, daemon=True).start()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    yield Node(tmp_path)


def harmless(output: bytes) -> str:
    text = output.decode()
    assert not FORBIDDEN & set(text), sorted(map(ascii, FORBIDDEN & set(text)))
    return text


@pytest.mark.finding("X8")
def test_status_shows_what_a_terminal_would_obey_escaped(node: Node) -> None:
    node.answer({"ok": True, "status": spoilt(STATUS)})
    shown = harmless(node.ctl("status").stdout)
    assert "\\x1b]0;owned\\x07" in shown and "\\u202egpj.exe" in shown and "é" in shown


@pytest.mark.finding("X8")
@pytest.mark.parametrize("ok", [True, False])
def test_an_answer_of_the_daemon_is_shown_escaped(node: Node, ok: bool) -> None:
    node.answer({"ok": ok, "text": EVIL})
    done = node.ctl("clear", "shop")
    assert "\\x1b[2J" in harmless(done.stdout + done.stderr)


@pytest.mark.finding("X8")
@pytest.mark.parametrize("words", [("history",), ("history", "--json")])
def test_history_is_shown_escaped(node: Node, words: tuple[str, ...]) -> None:
    node.history(EVIL)
    assert "x1b" in harmless(node.ctl(*words).stdout) or words[1:]


@pytest.mark.finding("X8")
def test_replay_and_whatif_show_names_and_contents_of_files_escaped(node: Node) -> None:
    evil = node.path / "a\x1b[2Jb"
    evil.write_text(json.dumps({"head": 2, "t": 1, "core": EVIL, "version": EVIL}) + "\n")
    for words in (("replay", str(evil)), ("whatif", "--state", str(evil))):
        done = node.ctl(*words)
        assert "\\x1b[2J" in harmless(done.stdout + done.stderr)


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_a_terminal_that_lacks_a_character_shows_its_number(node: Node, locale: str) -> None:
    node.history("東京 · é")
    done = node.ctl("history", env={"LC_ALL": locale})
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.finding("X10")
def test_an_ordinary_user_is_told_in_one_sentence(open_path: Path) -> None:
    node = Node(open_path)
    node.history("text")
    for path in node.path.rglob("*"):
        path.chmod(0o755)
    (node.path / "state").chmod(0o700)
    done = node.ctl("history", user=PEOPLE, group=PEOPLE, extra_groups=[])
    assert done.returncode == 1
    place = f"{node.path}/state/history.1.jsonl"
    expected = f"failoverctl: {place}: Permission denied. Try it as root.\n"
    assert done.stderr.decode() == expected


@pytest.mark.finding("X10")
def test_an_interrupted_command_ends_with_one_sentence_and_130(node: Node) -> None:
    node.history("first")
    # Who runs the tests in the background has SIGINT ignored, and children inherit that.
    argv = ["env", "--default-signal=INT", *node.command("history", "--follow")]
    process = subprocess.Popen(
        argv,
        env=node.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b"first" in within(process.stdout.readline)
    process.send_signal(signal.SIGINT)
    _out, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, b"failoverctl: interrupted.\n")


@pytest.mark.finding("X10")
@pytest.mark.parametrize("words", [("history",), ("history", "--json"), ("history", "--follow")])
def test_a_reader_that_has_enough_sees_no_complaint(node: Node, words: tuple[str, ...]) -> None:
    node.history(*["text " * 50] * 5000)
    argv = [*node.command(*words), "--lines", "5000"]
    process = subprocess.Popen(
        argv, env=node.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    within(process.stdout.readline)
    process.stdout.close()
    with process.stderr:
        assert within(process.stderr.read) == b""
    assert process.wait(60) == 1


@pytest.mark.finding("X11")
@pytest.mark.parametrize(
    "answer", [{}, {"status": 1}, {"status": {}}, {"status": {"services": [{"name": "shop"}]}}]
)
def test_an_answer_of_another_daemon_is_no_traceback(node: Node, answer: dict[str, Any]) -> None:
    node.answer(answer)
    done = node.ctl("status")
    assert b"Traceback" not in done.stderr
    assert done.stdout or b"an invalid answer" in done.stderr


def test_a_part_that_cannot_be_shown_hides_no_other(node: Node) -> None:
    status = {**STATUS, "links": [{"name": "lan", "state": "sideways"}], "watchdog": {"why": ""}}
    node.answer({"ok": True, "status": status})
    shown = node.ctl("status").stdout.decode()
    assert "links      cannot be shown" in shown and "watchdog   cannot be shown" in shown
    assert "shop     starting on node1" in shown and "the journal cannot be written" in shown
