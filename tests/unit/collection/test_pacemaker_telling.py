# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells the page the status of a cluster of Pacemaker, as systemd starts it."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import socket
import subprocess
import sys
import time

import pytest

from tests.unit import bounded
from tests.unit.failoverd import schemas

from .test_pacemaker_screen import CHECKOUT, node

__all__ = ["node"]

LIMIT_S = 60.0
FILES = CHECKOUT / "roles/engine_pacemaker/files"
DRBD = """version: 8.4.11 (api:1/proto:86-101)
 1: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
    ns:12344 nr:0 dw:0 dr:12344 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:1036164
\t[>....................] sync'ed:  1.2% (1036164/1048508)K
\tfinish: 1:01:22 speed: 12,344 (12,344) K/sec
 3: cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate C r-----
    ns:0 nr:0 dw:0 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
"""


@contextlib.contextmanager
def started(place):
    """The program with its socket; its tools are those of the fixture."""
    path = place / "status.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(8)
        words = f"exec 3<&{listening.fileno()}; exec /usr/bin/python3 -IS {place}/tool/telling.py"
        process = subprocess.Popen(
            ["/bin/bash", "-c", words],
            env={"PATH": f"{place}/bin:{os.environ['PATH']}"},
            pass_fds=[listening.fileno()],
            stdin=subprocess.DEVNULL,
        )
    try:
        yield path
    finally:
        process.kill()
        process.wait(LIMIT_S)


def asked(path, words=b""):
    """The answer, to a client that says something."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LIMIT_S)
        connection.connect(str(path))
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(words)
        with connection.makefile("rb") as stream:
            return json.loads(stream.readline())


def until(path, true):
    end = time.monotonic() + LIMIT_S
    while not true(said := asked(path)):
        assert time.monotonic() < end, said
        time.sleep(0.1)
    return said


def test_whoever_connects_is_told_the_status_and_the_last_events(node):
    with started(node) as path:
        said = until(path, lambda said: "status" in said)
        schemas.validator("status").validate(said["status"])
        assert (said["status"]["engine"], said["status"]["node"]) == ("pacemaker", "node1")
        assert [one["text"] for one in said["events"]] == ["shop.application.web started on node1"]
        assert said["status"]["services"][0]["standby"]["node"] == "node3"
        # A page that knows a history by this name must not take these few events for one.
        assert "history" not in said


def test_nothing_that_a_client_says_is_heard(node):
    with started(node) as path:
        for words in (b'{"command":"maintenance","switch":"on"}\n', b"\0" * 100_000):
            asked(path, words)
        until(path, lambda said: "status" in said)
    assert not (node / "said").exists()


def test_the_end_of_pacemaker_is_told_and_its_return(node):
    tool = node / "bin/crm_mon"
    there = tool.read_text(encoding="utf-8")
    with started(node) as path:
        until(path, lambda said: "status" in said)
        tool.write_text("#!/bin/sh\nexit 102\n", encoding="utf-8")
        said = until(path, lambda said: "error" in said)
        assert said["error"].startswith("Pacemaker does not run on this node")
        tool.write_text("#!/bin/sh\necho '<half'\n", encoding="utf-8")
        until(path, lambda said: "cannot be read: ParseError" in said.get("error", ""))
        tool.write_text(there, encoding="utf-8")
        until(path, lambda said: "status" in said)


@pytest.fixture
def telling(monkeypatch):
    """The module itself."""
    monkeypatch.setattr(sys, "path", [str(FILES), *sys.path])
    monkeypatch.delitem(sys.modules, "asking", raising=False)
    yield importlib.import_module("telling")
    for name in ("asking", "telling"):
        sys.modules.pop(name, None)


def test_an_answer_that_is_old_is_none(telling, monkeypatch):
    now = 100.0
    looking = telling.Looking(lambda: now)
    monkeypatch.setattr(telling, "WAIT_S", 0.0)
    assert "do not answer yet" in json.loads(looking.line())["error"]
    monkeypatch.setattr(looking, "_asked", lambda: {"status": {}})
    looking.look()
    assert json.loads(looking.line()) == {"status": {}}
    now += telling.OLD_S + 1
    assert json.loads(looking.line())["error"] == "the tools of Pacemaker do not answer for 16 s."


def test_the_scheduler_is_asked_again_only_for_a_change_or_after_a_while(telling, monkeypatch):
    now = 100.0
    state: dict[str, list[str]] = {"services": []}
    asked: list[object] = []
    monkeypatch.setattr(telling.asking, "cluster", lambda: (None, state))
    monkeypatch.setattr(telling.asking, "rest", asked.append)
    monkeypatch.setattr(telling.asking, "told", lambda *_all: {})
    monkeypatch.setattr(telling._pacemaker_past, "events", lambda _answer: [])
    looking = telling.Looking(lambda: now)
    for _time in range(3):
        looking.look()
    assert len(asked) == 1
    state = {"services": ["shop"]}
    looking.look()
    assert len(asked) == 2
    now += telling.REST_S
    looking.look()
    assert len(asked) == 3


def test_it_ends_when_nobody_asks(telling, monkeypatch):
    monkeypatch.setattr(telling, "IDLE_S", 0.05)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("")
        listening.listen(8)
        bounded.within(telling.tell, listening, lambda: b"{}\n")


def test_what_drbd_says_is_told_of_the_service_on_its_device(telling):
    devices = {"shop": "/dev/drbd1", "mail": "/dev/drbd2", "wiki": "/dev/vdb"}
    assert telling.asking.disks(devices, DRBD) == {
        "shop": {
            "disk": {
                "role": "Primary",
                "disk": "UpToDate",
                "peer_role": "Secondary",
                "peer_disk": "Inconsistent",
                "connection": "SyncSource",
                "suspended": False,
                "out_of_sync_bytes": 1036164 * 1024,
            },
            "sync": {"done_percent": 1.2, "left_s": 3682},
        }
    }
    assert telling.asking.disks(devices, "") == {}
