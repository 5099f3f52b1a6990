# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons with a lock on a shared disk, no fence device. A reset is a mark in a file."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.lock import Record
from failoverd.fencing.sfex.disk import Disk
from failoverd.fencing.sfex.format import BLOCK, Area, decode_record, encode

from .test_pair import Pair

ADDRESS = "10.9.0.10/24"


class LockedPair(Pair):
    """The service is a lock and an address."""

    def __init__(self, path: Path, wire: Any) -> None:
        self.disk = path / "disk"
        free = encode(Record("test", "shop"))
        self.disk.write_bytes(encode(Area("test", 2)) + free + free)
        super().__init__(path, wire, str(self.disk))

    @staticmethod
    def _config(node: str, agent: str) -> dict[str, Any]:
        config = Pair._config(node, agent)
        config["unsafe"] = ["single_link", "sfex_without_watchdog"]
        config["fencing"] = [{"name": "sfex", "method": "sfex"}]
        config["timing"] = {"dead_s": 2, "fence_delay_s": 1}
        (service,) = config["services"]
        service["resources"][0]["after"] = ["sfex"]
        service["resources"].insert(
            0,
            {
                "name": "sfex",
                "type": "sfex",
                "cluster": "test",
                "lock": "shop",
                "disk": agent,
                "renew_s": 0.2,
                "lease_s": 6,
                "collision_s": 0.4,
                "timeout_s": 8,
            },
        )
        return config

    def start(self, node: str) -> None:
        sysrq = self.path / node / "sysrq"
        sysrq.touch()
        self.options = ("--sysrq", str(sysrq))
        super().start(node)

    def lock(self, index: int = 1) -> Record:
        at = index * BLOCK
        return decode_record(self.disk.read_bytes()[at : at + BLOCK], "test", "shop")

    def change(self, **fields: Any) -> None:
        """What the roles do: other fields of the lock on both nodes, then both daemons anew."""
        for node in ("node1", "node2"):
            path = self.path / node / "etc" / "cluster.json"
            document = json.loads(path.read_text())
            document["services"][0]["resources"][0].update(fields)
            path.write_text(json.dumps(document))
        for node in ("node1", "node2"):
            self.end(node, signal.SIGTERM)
            self.start(node)
            self.wait(partial(self.status, node))

    def reset(self, node: str) -> bool:
        return (self.path / node / "sysrq").read_text() == "b"


@pytest.fixture
def pair(tmp_path: Path, cable: Any) -> Iterator[LockedPair]:
    pair = LockedPair(tmp_path, cable)
    try:
        for node in ("node1", "node2"):
            pair.start(node)
        pair.wait(lambda: pair.runs_on("node1"))
        yield pair
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)


def test_a_planned_move_hands_the_lock_over(pair: LockedPair) -> None:
    assert pair.lock().owner == "node1"
    done = pair.ctl("node1", "switchover", "shop", "--json")
    assert json.loads(done.stdout)["to"] == "node2", done.stderr
    assert pair.lock().owner == "node2"
    assert not pair.reset("node1")
    assert not pair.reset("node2")


def test_the_lock_of_a_dead_owner_ages_out_before_its_service_starts_elsewhere(
    pair: LockedPair,
) -> None:
    dead = pair.lock().life
    pair.end("node1", signal.SIGKILL)
    pair.wire.ip(0, "address", "del", ADDRESS, "dev", "eth0")
    pair.wait(lambda: pair.runs_on("node2"))
    assert pair.lock().owner == "node2"
    assert pair.lock().life != dead
    codes = pair.codes("node2")
    assert codes.index("fence") < codes.index("locked-out") < codes.index("takeover"), codes
    history = (pair.path / "node2/state/history.jsonl").read_text()
    assert "its SFEX lock aged out" in history


def test_a_daemon_that_comes_back_goes_on_with_its_lock(pair: LockedPair) -> None:
    life = pair.lock().life
    pair.end("node1", signal.SIGKILL)
    pair.start("node1")
    pair.wait(lambda: "adopted" in pair.codes("node1"))
    pair.wait(lambda: pair.runs_on("node1"))
    assert pair.lock().life == life
    assert not pair.reset("node1")


def test_f64_an_owner_whose_lock_is_stolen_resets_itself(pair: LockedPair) -> None:
    disk = Disk(str(pair.disk))

    def robbed() -> bool:
        disk.write(1, encode(Record("test", "shop", "node2", 9, 1)))
        return pair.reset("node1")

    pair.wait(robbed)
    disk.close()
    pair.wait(lambda: "self-reset" in pair.codes("node1"))
    assert "taken by node2" in (pair.path / "node1/state/self-reset").read_text()


@pytest.mark.finding("S29")
def test_f79_other_durations_of_the_lock_stop_nothing(pair: LockedPair) -> None:
    life = pair.lock().life
    pair.change(lease_s=7, timeout_s=10)
    counted = pair.lock().counter
    pair.wait(lambda: pair.lock().counter > counted + 5)
    assert (pair.lock().owner, pair.lock().life) == ("node1", life)
    assert pair.runs_on("node1")
    assert "stop-begin" not in pair.codes("node1")
    assert not pair.reset("node1")


@pytest.mark.finding("S29")
def test_f79_another_place_of_the_lock_resets_nobody(pair: LockedPair) -> None:
    """The lock of the old place is given back; at the new one nobody has stolen anything."""
    pair.change(index=2)
    pair.wait(lambda: pair.lock(2).owner != "" and pair.lock(1).owner == "")
    pair.wait(lambda: pair.runs_on("node1") or pair.runs_on("node2"))
    assert not pair.reset("node1")
    assert not pair.reset("node2")
