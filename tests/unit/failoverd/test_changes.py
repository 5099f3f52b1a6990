# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons whose configuration changes while services run: nothing else moves."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from failoverd.persistence.former import joined
from failoverd.resources import drbd, unit
from failoverd.resources.settings import ResourceSettings

from .test_pair import AGENT, FILES, Pair

pytestmark = pytest.mark.finding("S29")
NODES = ("node1", "node2")


def service(name: str, *lasts: int) -> dict[str, Any]:
    """A service that is these addresses."""
    return {
        "name": name,
        "preferred": "node1",
        "resources": [
            {
                "name": f"address-{last}",
                "type": "virtual_ip",
                "address": f"10.9.0.{last}/24",
                "interface": "eth0",
            }
            for last in lasts
        ],
    }


class Changing(Pair):
    """Its services are what the test says."""

    @staticmethod
    def _config(node: str, agent: str) -> dict[str, Any]:
        config = Pair._config(node, agent)
        config["services"] = [service("shop", 10), service("mail", 20)]
        return config

    def configure(self, *services: dict[str, Any]) -> None:
        """What the roles do: new files on both nodes, then the daemons begin anew one by one."""
        for node in NODES:
            path = self.path / node / "etc" / "cluster.json"
            document = json.loads(path.read_text())
            path.write_text(json.dumps({**document, "services": list(services)}))
        for node in NODES:
            self.again(node)

    def again(self, node: str, number: int = signal.SIGTERM) -> None:
        self.end(node, number)
        self.start(node)
        self.wait(lambda: self.status(node))

    def everywhere(self, lasts: set[int]) -> bool:
        """Whether the nodes have these addresses between them, and no others."""
        return self.addresses("node1") | self.addresses("node2") == lasts

    def carried(self, node: str) -> list[str]:
        """The services of which the node keeps an earlier text."""
        path = self.path / node / "state/former.json"
        return [kept["name"] for kept in json.loads(path.read_text())] if path.exists() else []

    def addresses(self, node: str) -> set[int]:
        """The last bytes of the addresses of services that the node has."""
        namespace = self.wire.names[int(node[-1]) - 1]
        argv = ["ip", "-n", namespace, "-4", "-j", "address", "show", "dev", "eth0"]
        said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300).stdout
        found = {a["local"] for entry in json.loads(said) for a in entry["addr_info"]}
        return {int(a.rpartition(".")[2]) for a in found} - {1, 2}

    def entries(self, node: str, code: str, name: str) -> int:
        """How often that was written of a service."""
        lines = (self.path / node / "state/history.jsonl").read_text().splitlines()
        told = [json.loads(line) for line in lines]
        return sum(entry["code"] == code and entry.get("service") == name for entry in told)

    def untouched(self, name: str) -> bool:
        """It was started once, on its first node, and never stopped; nobody was shot."""
        started = [self.entries(node, "start-begin", name) for node in NODES]
        stopped = [self.entries(node, "stop-begin", name) for node in NODES]
        shot = any("fence" in self.codes(node) for node in NODES)
        return started == [1, 0] and stopped == [0, 0] and not shot


@pytest.fixture
def pair(tmp_path: Path, cable: Any, script: Callable[[str, str], str]) -> Iterator[Changing]:
    pair = Changing(tmp_path, cable, script("agent", AGENT))
    try:
        cable.ip(1, "address", "add", "10.9.0.99", "dev", "lo")
        for node in NODES:
            pair.start(node)
        pair.wait(lambda: pair.addresses("node1") == {10, 20})
        pair.wait(lambda: pair.runs_on("node1"))
        yield pair
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)


def test_a_service_that_is_added_starts_and_the_others_run_on(pair: Changing) -> None:
    pair.configure(service("new", 30), service("shop", 10), service("mail", 20))
    pair.wait(lambda: pair.addresses("node1") == {10, 20, 30})
    assert pair.addresses("node2") == set()
    assert pair.untouched("shop") and pair.untouched("mail")


def test_a_service_that_is_removed_is_stopped_and_the_others_run_on(pair: Changing) -> None:
    pair.configure(service("shop", 10))
    pair.wait(lambda: pair.addresses("node1") == {10})
    assert pair.addresses("node2") == set()
    for node in NODES:
        assert pair.entries(node, "start-begin", "mail") == (node == "node1")
    pair.wait(lambda: pair.carried("node1") == [])
    pair.again("node1")
    said = json.loads(pair.ctl("node1", "status", "--json").stdout)["services"]
    assert [(s["name"], s["retired"]) for s in said] == [("shop", False)]
    assert pair.untouched("shop")


def test_a_removed_service_is_stopped_though_the_daemon_is_killed_before(pair: Changing) -> None:
    for node in NODES:
        path = pair.path / node / "etc" / "cluster.json"
        document = json.loads(path.read_text())
        path.write_text(json.dumps({**document, "services": [service("shop", 10)]}))
    # The new text has been accepted, and nothing has been done about it.
    pair.end("node1", signal.SIGKILL)
    script = (
        "import sys; from pathlib import Path; from failoverd.persistence.former import Former;"
        " from failoverd.persistence.lastgood import LastGood;"
        " from failoverd.persistence.store import Store;"
        " state = Path(sys.argv[1]);"
        " former = Former(state / 'former.json', Store(state).held);"
        " LastGood(state / 'last-good.json', former.merge).load(sys.argv[2])"
    )
    base = pair.path / "node1"
    argv = [sys.executable, "-c", script, str(base / "state"), str(base / "etc")]
    subprocess.run(argv, check=True, env={**os.environ, "PYTHONPATH": FILES}, timeout=300)
    pair.start("node1")
    pair.wait(lambda: pair.addresses("node1") == {10})
    assert pair.untouched("shop")


def test_an_address_that_is_replaced_goes_and_the_others_run_on(pair: Changing) -> None:
    pair.configure(service("shop", 10), service("mail", 21))
    pair.wait(lambda: pair.addresses("node1") | pair.addresses("node2") == {10, 21})
    pair.wait(lambda: pair.carried("node1") == [])
    assert pair.addresses("node1") >= {10}
    assert pair.untouched("shop")


def test_what_means_the_same_is_not_touched(pair: Changing) -> None:
    mail = service("mail", 20)
    mail["resources"][0] |= {"name": "renamed", "stop_timeout_s": 50}
    pair.configure(mail, service("shop", 10))
    pair.wait(lambda: pair.runs_on("node1"))
    pair.wait(lambda: pair.entries("node1", "adopted", "mail"))
    assert pair.untouched("shop") and pair.untouched("mail")
    assert pair.carried("node1") == []


def test_each_change_is_compared_with_what_runs_then(pair: Changing) -> None:
    slow = service("mail", 20)
    slow["resources"][0]["stop_timeout_s"] = 50
    for mail in (slow, service("mail", 20, 21), service("mail", 20), service("mail", 22)):
        lasts = {int(r["name"].rpartition("-")[2]) for r in mail["resources"]}
        pair.configure(service("shop", 10), mail)
        pair.wait(partial(pair.everywhere, {10} | lasts))
        pair.wait(lambda: pair.carried("node1") == pair.carried("node2") == [])
    assert pair.untouched("shop")


@pytest.mark.parametrize(
    ("kind", "before", "now"),
    [
        ("drbd", drbd.Options("shop", 0, "/dev/drbd0", "/dev/vdb"), "/dev/disk/by-id/x"),
        ("unit", unit.Options("postgresql@15-main.service"), "/srv/shop/db"),
    ],
)
def test_what_is_only_looked_after_in_another_way_is_the_same_thing(
    kind: str, before: Any, now: str
) -> None:
    other = dataclasses.replace(before, **{"disk" if kind == "drbd" else "data": now})
    new, old = (ResourceSettings("it", kind, (), 9.0, 9.0, o) for o in (other, before))
    assert joined([new], [old]) == ({"it": ()}, {})


def test_another_prefix_of_an_address_costs_no_node_its_life(pair: Changing) -> None:
    changed = service("shop", 10)
    changed["resources"][0]["address"] = "10.9.0.10/25"
    pair.configure(changed, service("mail", 20))
    pair.wait(lambda: pair.everywhere({10, 20}))
    pair.wait(lambda: pair.entries("node1", "start-end", "shop") == 2)
    assert pair.entries("node1", "stop-failed", "shop") == 0
    assert pair.untouched("mail")
