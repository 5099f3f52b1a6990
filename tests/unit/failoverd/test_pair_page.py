# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons: what a program without privileges is told of them."""

from __future__ import annotations

import json
import socket
from typing import Any

from tests.played import answers

from .test_pair import Pair, pair

__all__ = ["pair"]


def told(pair: Pair, node: str) -> dict[str, Any]:
    """What the status socket of a node says; what is sent there changes nothing."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(pair.path / node / "run-page" / "status.sock"))
        with connection.makefile("rb") as stream:
            return dict(json.loads(stream.readline()))


def test_the_status_socket_tells_status_and_history(pair: Pair) -> None:
    pair.wait(lambda: pair.runs_on("node1"))
    for node in ("node1", "node2"):
        (pair.path / node / "run-page").mkdir(mode=0o750)
        pair.wait((pair.path / node / "run-page" / "status.sock").exists)
    pair.wait(lambda: told(pair, "node1")["status"]["links"][0]["received"] > 3)
    said = told(pair, "node1")
    (link,) = said["status"]["links"]
    assert link["missed"] == 0
    (service,) = said["status"]["services"]
    assert (service["owner"], service["restarts"], service["failure"]) == ("node1", 0, "")
    codes = [entry["code"] for entry in said["history"]]
    assert codes[0] == "daemon-start"
    assert "running" in codes
    assert told(pair, "node2")["status"]["services"][0]["owner"] == "node1"
    # What is played to the tests of the page has the keys of a real daemon.
    played = answers.normal()["status"]
    assert played.keys() <= said["status"].keys()
    for name in ("links", "exclusion", "services", "ping"):
        assert played[name][0].keys() <= said["status"][name][0].keys()
    assert played["services"][0]["resources"][0].keys() <= service["resources"][0].keys()
    assert played["peer"].keys() <= said["status"]["peer"].keys()
    assert played["daemon"].keys() <= said["status"]["daemon"].keys()
    assert set(answers.normal()["history"][0]) == set(said["history"][0])
