# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons: what a program without privileges is told of them."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path
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
    for theirs, ours in zip(played["reports"], said["status"]["reports"], strict=True):
        assert theirs.keys() == ours.keys()
        assert theirs["services"][0].keys() == ours["services"][0].keys()


def reports(pair: Pair, node: str) -> list[dict[str, Any]]:
    """What a node knows of the last words of both, without what depends on who looks, or when."""
    found = pair.status(node).get("reports", [])
    return [{k: v for k, v in one.items() if k not in ("life", "age_s")} for one in found]


def test_both_nodes_tell_the_same_of_both_also_when_one_is_gone(pair: Pair) -> None:
    pair.wait(lambda: pair.runs_on("node1"))
    pair.wait(lambda: reports(pair, "node1") == reports(pair, "node2") != [])
    before = {one["name"]: one for one in reports(pair, "node2")}
    assert before["node1"]["services"][0]["local"] == "running"
    pair.end("node1", signal.SIGKILL)
    pair.wire.ip(0, "address", "del", "10.9.0.10/24", "dev", "eth0")
    pair.wait(lambda: pair.runs_on("node2"))
    told_of = json.loads(pair.ctl("node2", "status", "--json").stdout)["reports"]
    gone, here = told_of
    assert (gone["name"], gone["life"], here["life"]) == ("node1", "gone", "alive")
    # Its last word stays, with its age: it ran the service.
    assert gone["age_s"] > 0.5 and gone["services"] == before["node1"]["services"]
    assert here["services"][0]["local"] == "running"


def test_a_daemon_that_was_restarted_still_tells_the_last_word_of_a_node_that_is_gone(
    pair: Pair,
) -> None:
    pair.wait(lambda: pair.runs_on("node1"))
    pair.wait(lambda: reports(pair, "node1") == reports(pair, "node2") != [])
    pair.end("node1", signal.SIGKILL)
    pair.wire.ip(0, "address", "del", "10.9.0.10/24", "dev", "eth0")
    pair.wait(lambda: pair.runs_on("node2"))
    before = reports(pair, "node2")[0]
    pair.wait(lambda: json.loads(kept(pair)).get("report", {}).get("life") == "gone")
    pair.end("node2", signal.SIGKILL)
    pair.start("node2")
    pair.wait(lambda: pair.status("node2"))
    assert reports(pair, "node2")[0] == before
    gone = pair.status("node2")["reports"][0]
    assert (gone["name"], gone["life"]) == ("node1", "unseen")
    assert 0.5 < gone["age_s"] < 600
    # What somebody has damaged is none, and keeps no daemon from its work.
    pair.end("node2", signal.SIGKILL)
    for text in (
        "{",
        '{"at": 1, "report": {"name": "node1"}}',
        kept(pair).replace("able", "able2"),
    ):
        (pair.path / "node2/state/peer-report.json").write_text(text)
        pair.start("node2")
        pair.wait(lambda: pair.status("node2"))
        gone = pair.status("node2")["reports"][0]
        assert (gone["name"], gone["age_s"], gone["services"]) == ("node1", None, [])
        pair.end("node2", signal.SIGKILL)


def kept(pair: Pair) -> str:
    """What node2 has written down of the last word of the other one."""
    try:
        return (pair.path / "node2/state/peer-report.json").read_text()
    except FileNotFoundError:
        return "{}"


def test_the_account_for_the_page_is_written_whole(pair: Pair, tmp_path: Path) -> None:
    pair.wait(lambda: pair.runs_on("node1"))
    assert pair.ctl("node1", "switchover", "shop").returncode == 0
    file = tmp_path / "record.json"
    pair.wait(lambda: pair.runs_on("node2") and pair.service("node1")["owner"] == "node2")

    def account() -> dict[str, Any]:
        done = pair.ctl("node1", "availability", "--since", "1h", "--output", str(file))
        assert (done.returncode, done.stdout) == (0, "")
        return dict(json.loads(file.read_text()))

    # The history is written a moment after the status is told.
    pair.wait(lambda: any(story["to"] for story in account()["outages"]))
    said = account()
    assert [each.name for each in tmp_path.glob("*record.json*")] == ["record.json"]
    [service] = said["availability"]["services"]
    assert (service["name"], service["moves"]) == ("shop", 1)
    [story] = said["outages"]
    assert (story["from"], story["to"], story["planned"]) == ("node1", "node2", True)
    assert "asked by" in story["text"] and story["advice"]
