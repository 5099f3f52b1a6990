# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons on two network namespaces: the parts work together as a cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import failoverd
from failoverd.control.client import NotRunning, ask

FILES = str(Path(failoverd.__file__).parents[1])
LIMIT_S = 180.0
TARGET = "10.9.0.99"
AGENT = """
while read -r line; do
  case "$line" in action=*) action=${line#action=};; port=*) port=${line#port=};; esac
done
file=$(dirname "$0")/power.$port
case $action in
  off) kill -9 $(cat $(dirname "$0")/$port/pid); echo off > $file;;
  on) rm -f $file;;
  status) [ -e $file ] && exit 2; exit 0;;
esac
"""


class Pair:
    """node1 and node2, a service that is one address, and a fence agent that kills for real."""

    def __init__(self, path: Path, wire: Any, agent: str) -> None:
        self.path = path
        self.wire = wire
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.options: tuple[str, ...] = ()
        """Given to the daemons besides."""
        for node in ("node1", "node2"):
            etc = path / node / "etc"
            etc.mkdir(parents=True)
            (etc / "cluster.json").write_text(json.dumps(self._config(node, agent)))
            (etc / "key").write_text("ab" * 32)

    @staticmethod
    def _config(node: str, agent: str) -> dict[str, Any]:
        address = {"node1": "10.9.0.1", "node2": "10.9.0.2"}
        return {
            "format": 1,
            "cluster": "test",
            "node": node,
            "nodes": ["node1", "node2"],
            "power_on": False,
            "unsafe": ["single_link"],
            "ping_targets": [{"address": TARGET}],
            "monitors": {"ping": {"interval_s": 0.5, "deadline_s": 0.4}},
            "timing": {"witness_s": 1},
            "links": [{"name": "lan", "type": "udp", "interface": "eth0", "address": address}],
            "fencing": [
                {
                    "name": "switch",
                    "method": "stonith",
                    "agent": agent,
                    "nodes": {"node1": {"port": "node1"}, "node2": {"port": "node2"}},
                }
            ],
            "services": [
                {
                    "name": "shop",
                    "preferred": "node1",
                    "resources": [
                        {
                            "name": "address",
                            "type": "virtual_ip",
                            "address": "10.9.0.10/24",
                            "interface": "eth0",
                        }
                    ],
                }
            ],
        }

    def start(self, node: str) -> None:
        base = self.path / node
        argv = [sys.executable, "-m", "failoverd", *self.options]
        for name in ("etc", "state", "run"):
            argv += [f"--{name}", str(base / name)]
        namespace = self.wire.names[int(node[-1]) - 1]
        with (base / "log").open("ab") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *argv],
                stderr=log,
                env={**os.environ, "PYTHONPATH": FILES},
            )
        (base / "pid").write_text(str(process.pid))
        self.processes[node] = process

    def end(self, node: str, number: int) -> None:
        process = self.processes.pop(node)
        process.send_signal(number)
        process.wait(30)

    def ctl(self, node: str, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": FILES}
        environment["FAILOVERD_RUN"] = str(self.path / node / "run")
        environment["FAILOVERD_STATE"] = str(self.path / node / "state")
        return subprocess.run(
            [sys.executable, "-m", "failoverd.cli", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def status(self, node: str) -> dict[str, Any]:
        """What its daemon says; empty while it does not answer. For waits: no process begins."""
        with patch.dict(os.environ, FAILOVERD_RUN=str(self.path / node / "run")):
            try:
                return dict(ask({"op": "status"}, LIMIT_S).get("status", {}))
            except (NotRunning, TimeoutError):
                return {}

    def service(self, node: str) -> dict[str, Any]:
        nothing = {"owner": "", "state": "", "generation": 0}
        return dict(self.status(node).get("services", [nothing])[0])

    def holds_address(self, node: str) -> bool:
        namespace = self.wire.names[int(node[-1]) - 1]
        done = subprocess.run(
            ["ip", "-n", namespace, "-4", "address", "show", "dev", "eth0"],
            capture_output=True,
            text=True,
            check=True,
        )
        return "10.9.0.10/" in done.stdout

    def codes(self, node: str) -> list[str]:
        lines = (self.path / node / "state/history.jsonl").read_text().splitlines()
        return [json.loads(line)["code"] for line in lines]

    def wait(self, condition: Callable[[], Any]) -> None:
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.1)
        logs = "\n".join((self.path / n / "log").read_text() for n in ("node1", "node2"))
        raise AssertionError(f"it did not come true; the nodes said:\n{logs}")

    def runs_on(self, node: str) -> bool:
        service = self.service(node)
        return bool(service["owner"] == node and service["state"] == "running")


@pytest.fixture
def pair(tmp_path: Path, cable: Any, script: Callable[[str, str], str]) -> Iterator[Pair]:
    pair = Pair(tmp_path, cable, script("agent", AGENT))
    try:
        cable.ip(1, "address", "add", TARGET, "dev", "lo")
        for node in ("node1", "node2"):
            pair.start(node)
        pair.wait(lambda: pair.runs_on("node1"))
        yield pair
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)


def test_a_planned_move_gives_the_address_to_the_other_node(pair: Pair) -> None:
    done = pair.ctl("node2", "switchover", "shop", "--json")
    assert json.loads(done.stdout)["to"] == "node2", done.stderr
    assert pair.holds_address("node2")
    assert not pair.holds_address("node1")


def test_an_accepted_risk_shows_in_status_for_as_long_as_it_lasts(pair: Pair) -> None:
    assert "UNSAFE, accepted as single_link: there is one" in pair.ctl("node1", "status").stdout


def test_a_killed_daemon_comes_back_and_takes_up_what_runs(pair: Pair) -> None:
    pair.end("node1", signal.SIGKILL)
    assert pair.holds_address("node1")
    pair.start("node1")
    pair.wait(lambda: "adopted" in pair.codes("node1"))
    pair.wait(lambda: pair.runs_on("node1"))
    assert "fence" not in pair.codes("node2")
    assert not pair.holds_address("node2")


def test_a_daemon_that_is_stopped_leaves_the_service_alone(pair: Pair) -> None:
    pair.end("node1", signal.SIGTERM)
    assert pair.holds_address("node1")
    assert not (pair.path / "node1/run/control.sock").exists()


def test_a_second_daemon_is_refused(pair: Pair) -> None:
    base = pair.path / "node1"
    argv = [sys.executable, "-m", "failoverd"]
    for name in ("etc", "state", "run"):
        argv += [f"--{name}", str(base / name)]
    done = subprocess.run(
        argv,
        env={**os.environ, "PYTHONPATH": FILES},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 1
    assert "another failoverd runs" in done.stderr
    assert pair.runs_on("node1")


def test_a_dead_owner_is_fenced_before_its_service_starts_elsewhere(pair: Pair) -> None:
    pair.end("node1", signal.SIGKILL)
    pair.wire.ip(0, "address", "del", "10.9.0.10/24", "dev", "eth0")
    pair.wait(lambda: pair.runs_on("node2"))
    codes = pair.codes("node2")
    assert codes.index("fence") < codes.index("peer-gone") < codes.index("takeover")
    for node in ("node1", "node2"):
        # The daemon of node1 was killed: what it had written is the true beginning of its life.
        done = pair.ctl(node, "replay", "--json", str(pair.path / node / "state/journal"))
        assert done.returncode == 0, done.stdout
        result = json.loads(done.stdout)
        assert result["same_core"] and result["begin"] and result["decisions"] > 10


def test_a_running_daemon_is_asked_what_would_happen(pair: Pair) -> None:
    before = pair.service("node2")["generation"]
    done = pair.ctl("node2", "whatif", "node1 loses power", "--json")
    answer = json.loads(done.stdout)
    assert answer["end"]["services"][0]["runs_on"] == ["node2"], done.stderr
    assert pair.runs_on("node1")
    assert pair.service("node2")["generation"] == before
    assert "fence" not in pair.codes("node2")


def test_f22_an_owner_that_lost_its_ping_targets_hands_over_in_order(pair: Pair) -> None:
    pair.wait(lambda: "10.9.0.99 ok" in pair.ctl("node1", "status").stdout)
    pair.wire.ip(0, "route", "add", "blackhole", TARGET)
    pair.wait(lambda: pair.runs_on("node2"))
    assert not pair.holds_address("node1")
    assert "reach" in pair.codes("node1")
    assert "fence" not in pair.codes("node2")
    assert "lost its ping targets" in pair.ctl("node1", "status").stdout


def test_a_handover_leaves_the_node_empty(pair: Pair) -> None:
    done = pair.ctl("node1", "handover")
    assert done.returncode == 0, done.stderr
    assert pair.runs_on("node2")
    assert not pair.holds_address("node1")
    assert pair.processes.pop("node1").wait(30) == 0
