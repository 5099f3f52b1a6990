# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells the status of a Pacemaker node to its page: it asks the tools seldom, and obeys nobody."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from tests.unit.failoverd import schemas

from .test_pacemaker_screen import CHECKOUT, node

__all__ = ["node"]
LIMIT_S = 60.0


def heard(path, said=b""):
    """The line that a client gets, whatever it says itself."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(LIMIT_S)
        client.connect(str(path))
        # It may have answered and gone already.
        with contextlib.suppress(BrokenPipeError):
            client.sendall(said)
        with client.makefile("rb") as stream:
            return stream.readline()


@contextmanager
def told(node):
    """The program, with a socket as systemd passes it."""
    path = node / "status.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        process = subprocess.Popen(
            ["/usr/bin/python3", "-IS", str(node / "tool/tell.py")],
            env={"PATH": f"{node}/bin:{os.environ['PATH']}", "SAID": f"{node}/said"},
            pass_fds=(3,),
            preexec_fn=lambda: os.dup2(listening.fileno(), 3),
        )
        try:
            yield path
        finally:
            process.kill()
            process.wait(LIMIT_S)


def test_clients_get_the_status_and_whatever_they_send_is_no_order(node):
    with told(node) as path:
        said = json.loads(heard(path))
        schemas.validator("status").validate(said["status"])
        assert [one["name"] for one in said["status"]["reports"]] == ["node1", "node2", "node3"]
        order = b'{"op": "command", "verb": "standby", "node": "node2"}\n'
        assert json.loads(heard(path, order))["status"]["cluster"] == "shop"
    assert not (node / "said").exists()


def test_without_pacemaker_it_says_why_there_is_no_status(node):
    (node / "bin/crm_mon").write_text("#!/bin/sh\nexit 102\n", encoding="utf-8")
    with told(node) as path:
        assert json.loads(heard(path))["error"].startswith("Pacemaker does not run on this node")


@pytest.fixture
def tell(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "failoverctl", raising=False)
    path = CHECKOUT / "roles/engine_pacemaker/files/tell.py"
    spec = importlib.util.spec_from_file_location("tell", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("failoverctl", None)


class Asked:
    """The tools of the engine, and a clock."""

    def __init__(self):
        self.times, self.now = 0, 100.0

    def __call__(self):
        self.times += 1
        return b"%d\n" % self.times

    def clock(self):
        return self.now


@contextmanager
def serving(tell, tmp_path, asked, idle_s):
    path = tmp_path / "status.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        argv = (listening, asked, asked.clock, idle_s)
        thread = threading.Thread(target=tell.serve, args=argv, daemon=True)
        thread.start()
        yield path, thread


def test_the_tools_are_asked_seldom_whoever_asks(tell, tmp_path):
    asked = Asked()
    with serving(tell, tmp_path, asked, LIMIT_S) as (path, thread):
        assert [heard(path), heard(path)] == [b"1\n", b"1\n"]
        asked.now += tell.FRESH_S
        assert heard(path) == b"2\n"
        # An old process makes way for new code, which answers a client that it has not answered.
        asked.now += tell.LIFE_S
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            thread.join(LIMIT_S)
        assert not thread.is_alive()


def test_it_ends_when_nobody_asks_any_more(tell, tmp_path):
    with serving(tell, tmp_path, Asked(), 0.1) as (_path, thread):
        thread.join(LIMIT_S)
        assert not thread.is_alive()
