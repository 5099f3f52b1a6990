# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DRBD's handler: never a success without the daemon's word, except by the daemon's own mark."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import failoverd

FILES = Path(failoverd.__file__).parents[1]
SOON_S = 0.5
"""For a handler that has to give up: more than one attempt."""


def handler(path: Path, resource: str = "shop", limit_s: float = 30.0) -> int:
    """Run the slow path to its end."""
    environment = {
        "DRBD_RESOURCE": resource,
        "FAILOVERD_SOCKET": str(path),
        "FAILOVERD_GIVE_UP_S": str(limit_s),
    }
    done = subprocess.run(
        [sys.executable, "-IS", str(FILES / "fence_peer.py")],
        env=environment,
        timeout=60,
        check=False,
    )
    return done.returncode


@contextlib.contextmanager
def daemon(path: Path, *answers: bytes) -> Iterator[list[bytes]]:
    """A daemon that gives these answers, one per connection, then none."""
    asked: list[bytes] = []
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        for answer in answers:
            try:
                connection, _address = server.accept()
            except OSError:
                return
            # A handler that has given up is gone before it is answered.
            with connection, contextlib.suppress(ConnectionError):
                asked.append(connection.makefile("rb").readline())
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)


@pytest.mark.parametrize(("code", "status"), [(7, 7), (4, 4), (1, 1), (0, 1), (5, 1), (3, 1)])
def test_the_daemons_verdict_becomes_the_exit_status(
    tmp_path: Path, code: int, status: int
) -> None:
    with daemon(tmp_path / "sock", json.dumps({"code": code}).encode() + b"\n") as asked:
        assert handler(tmp_path / "sock") == status
    assert json.loads(asked[0]) == {"op": "fence-peer", "resource": "shop"}


def test_without_a_daemon_it_fails_after_a_while(tmp_path: Path) -> None:
    assert handler(tmp_path / "sock", limit_s=SOON_S) == 1


def test_without_a_resource_it_fails(tmp_path: Path) -> None:
    assert handler(tmp_path / "sock", "") == 1


@pytest.mark.parametrize(
    "answer", [b"", b"rubbish\n", b"[]\n", b'{"ok": true}\n', b'{"code": "7"}\n']
)
def test_an_unclear_answer_is_no_verdict(tmp_path: Path, answer: bytes) -> None:
    with daemon(tmp_path / "sock", *[answer] * 20):
        assert handler(tmp_path / "sock", limit_s=SOON_S) == 1


def test_a_restart_of_the_daemon_while_it_waits_is_survived(tmp_path: Path) -> None:
    with daemon(tmp_path / "sock", b"", b'{"code": 7}\n'):
        assert handler(tmp_path / "sock") == 7


PROMOTES = """
import asyncio, sys
from pathlib import Path
from failoverd.resources import drbd
from failoverd.resources.base import Situation
from failoverd.resources.settings import ResourceSettings

home, kills = Path(sys.argv[1]), sys.argv[2] == "killed"
drbd.PROC = str(home / "proc")
(home / "drbdsetup").write_text(
    f"#!/bin/sh\\ncp -d {home}/promote/shop {home}/seen\\n"
    + ("kill -9 $PPID\\n" if kills else f"sed -i s/Secondary/Primary/ {home}/proc\\n")
)
(home / "drbdsetup").chmod(0o755)
drbd.SETUP_84 = (str(home / "drbdsetup"),)
options = drbd.Options("shop", 0, "/dev/drbd0")
disk = drbd.Drbd(ResourceSettings("drbd", "drbd", (), 20.0, 2.0, options), home / "promote")
asyncio.run(disk.start(Situation(peer_gone=True)))
"""


@pytest.mark.finding("S2")
@pytest.mark.parametrize("way", ["killed", "done"])
def test_a_daemon_that_ended_in_the_midst_of_a_promotion_leaves_no_word(
    tmp_path: Path, way: str
) -> None:
    """F38: the run directory outlives the daemon, and with it the mark of a promotion."""
    (tmp_path / "promote").mkdir()
    (tmp_path / "proc").write_text(
        "version: 8.4.11\n 0: cs:WFConnection ro:Secondary/Unknown ds:UpToDate/DUnknown C r-----\n"
    )
    argv = [sys.executable, "-c", PROMOTES, str(tmp_path), way]
    ended = subprocess.run(argv, env={"PYTHONPATH": str(FILES)}, timeout=60, check=False)
    assert ended.returncode == (-9 if way == "killed" else 0)
    assert (tmp_path / "seen").is_symlink(), "it stood during the promotion"
    assert (tmp_path / "promote/shop").is_symlink() is (way == "killed")
    text = (FILES / "fence-peer").read_text(encoding="utf-8")
    text = text.replace("/run/failoverd", str(tmp_path))
    text = text.replace("exec /usr/bin/python3 -IS /usr/lib/failoverd/fence_peer.py", "exit 99")
    given = {"DRBD_RESOURCE": "shop", "PATH": "/bin:/usr/bin"}
    done = subprocess.run(["sh", "-c", text], env=given, timeout=30, check=False)
    assert done.returncode == 99


def test_the_shell_asks_the_daemon_unless_the_mark_stands() -> None:
    text = (FILES / "fence-peer").read_text(encoding="utf-8")
    assert os.access(FILES / "fence-peer", os.X_OK)
    marked = (
        text.replace("/run/failoverd", "$TEST/run")
        .replace("exec /usr/bin/python3 -IS /usr/lib/failoverd/fence_peer.py", "exit 99")
        .replace('exec /sbin/drbdadm "$@"', "exit 98")
    )

    def shell(test: Path, resource: str, *words: str) -> int:
        environment = {"TEST": str(test), "DRBD_RESOURCE": resource, "PATH": "/bin:/usr/bin"}
        argv = ["sh", "-c", marked, "fence-peer", *words]
        return subprocess.run(argv, env=environment, timeout=30, check=False).returncode

    import tempfile

    with tempfile.TemporaryDirectory() as name:
        test = Path(name)
        assert shell(test, "shop") == 99
        assert shell(test, "", "fence-peer", "shop") == 98
        (test / "run/promote").mkdir(parents=True)
        assert shell(test, "shop") == 99
        (test / "run/promote/shop").touch()
        assert shell(test, "shop") == 99, "no daemon leaves such a mark"
        (test / "run/promote/shop").unlink()
        (test / "run/promote/shop").symlink_to(f"/proc/{os.getpid()}/cwd")
        assert shell(test, "shop") == 7
        assert shell(test, "mail") == 99
        assert shell(test, "") == 99
        assert shell(test, "", "fence-peer", "shop") == 7
        assert shell(test, "", "fence-peer", "mail") == 98
        assert shell(test, "", "before-resync-target", "shop") == 98


@pytest.mark.parametrize(("peer", "status"), [("0", 7), ("1", 7), ("2", 1), ("31", 1)])
def test_drbd_9_a_third_node_is_never_called_fenced(tmp_path: Path, peer: str, status: int) -> None:
    text = (FILES / "fence-peer").read_text(encoding="utf-8")
    text = text.replace("/run/failoverd", str(tmp_path))
    (tmp_path / "promote").mkdir()
    (tmp_path / "promote/shop").symlink_to(f"/proc/{os.getpid()}/cwd")
    for environment, words in (({}, ["fence-peer", "shop"]), ({"DRBD_RESOURCE": "shop"}, [])):
        given = {**environment, "DRBD_PEER_NODE_ID": peer, "PATH": "/bin:/usr/bin"}
        argv = ["sh", "-c", text, "fence-peer", *words]
        assert subprocess.run(argv, env=given, timeout=30, check=False).returncode == status


def test_f38_a_mark_left_behind_is_removed_once_the_peer_is_up_to_date(tmp_path: Path) -> None:
    assert os.access(FILES / "unfence-peer", os.X_OK)
    text = (FILES / "unfence-peer").read_text(encoding="utf-8")
    text = text.replace("/run/failoverd", str(tmp_path))
    (tmp_path / "promote").mkdir()
    for name in ("shop", "mail"):
        (tmp_path / "promote" / name).symlink_to(f"/proc/{os.getpid()}/cwd")
    given = {"DRBD_RESOURCE": "shop", "PATH": "/bin:/usr/bin"}
    for _round in range(2):
        done = subprocess.run(["sh", "-c", text], env=given, timeout=30, check=False)
        assert done.returncode == 0
    assert [path.name for path in (tmp_path / "promote").iterdir()] == ["mail"]
