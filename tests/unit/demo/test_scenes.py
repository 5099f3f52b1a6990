# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenes act on the node that is seen to be active, and give up in time."""

from __future__ import annotations

import json
import subprocess
from typing import Any, cast

import pytest

from lab import Lab
from lab.demo import scenes
from lab.demo.measure import ClientProcess
from lab.errors import LabError
from lab.observer import Observer, Sample

HEALED = Sample(1.0, "b", True, True, "Connected", "Primary", "Secondary", "UpToDate", "UpToDate")


class World:
    """Lab, client and observer in one, moving the service as ordered."""

    def __init__(self, active: set[str], sample: Sample = HEALED, able: bool = True) -> None:
        self.active = active
        self.sample = sample
        self.able = able
        self.power_calls: list[tuple[str, str]] = []
        self.commands: list[tuple[str, str]] = []
        self.words = ""
        """Said instead of the status."""
        self.steady = True
        self.since = 0.0

    def active_now(self) -> set[str]:
        return set(self.active)

    def last(self, node: str) -> Sample:
        return self.sample

    def wait_steady(self, seconds: float, timeout: float, since: float = 0.0) -> bool:
        self.since = since
        return self.steady

    def power(self, node: str, action: str) -> None:
        self.power_calls.append((node, action))
        if action == "off":
            self.active = {"node1", "node2"} - {node}

    def ssh(self, node: str, command: str, **_: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append((node, command))
        if "switchover" in command:
            self.active = {"node1", "node2"} - {node}
        standby = {"node": "node2", "able": self.able, "why": "resyncing"}
        status = {"services": [{"name": "shop", "standby": standby}]}
        return subprocess.CompletedProcess([], 0, self.words or json.dumps(status), "")

    def stage(self) -> scenes.Stage:
        return scenes.Stage(
            lab=cast(Lab, self),
            nodes=("node1", "node2"),
            service="shop",
            client=cast(ClientProcess, self),
            observer=cast(Observer, self),
            progress=lambda _text: None,
        )


def test_the_power_of_the_active_node_is_cut() -> None:
    world = World({"node2"})
    event = scenes.power_off(world.stage())
    assert world.power_calls == [("node2", "off")]
    assert (event.active_before, event.active_after) == ("node2", "node1")
    assert event.at.mono <= event.until.mono
    assert world.since == event.at.mono  # service before the cut proves nothing


@pytest.mark.parametrize("active", [set(), {"node1", "node2"}])
def test_no_power_is_cut_unless_one_node_is_active(active: set[str]) -> None:
    world = World(active)
    with pytest.raises(LabError, match="no single node is active"):
        scenes.power_off(world.stage())
    assert world.power_calls == []


def test_a_switchover_is_asked_on_the_active_node() -> None:
    world = World({"node1"})
    event = scenes.switchover(world.stage())
    assert world.commands[0][0] == "node1"
    assert "failoverctl switchover shop" in world.commands[0][1]
    assert (event.active_before, event.active_after) == ("node1", "node2")
    node, command = world.commands[-1]
    assert (node, command) == ("node2", "failoverctl status --json")
    assert event.status["services"][0]["name"] == "shop"


def test_a_cluster_that_does_not_tell_how_it_is_ends_no_scene() -> None:
    world = World({"node1"})
    world.words = "failoverd does not run"
    assert scenes.switchover(world.stage()).status == {}


def test_healing_gives_the_power_back_and_waits_for_the_standby() -> None:
    world = World({"node1"})
    scenes.heal(world.stage(), "node2", timeout=5.0)
    assert world.power_calls == [("node2", "on")]


def test_a_standby_that_is_never_ready_is_said_with_its_reason() -> None:
    world = World({"node1"}, able=False)
    with pytest.raises(LabError, match="resyncing"):
        scenes.wait_healed(world.stage(), timeout=0.01)


def test_copies_that_stay_apart_are_said_in_words_of_drbd() -> None:
    apart = Sample(1.0, "b", True, True, "WFConnection", "Primary", "Unknown", "UpToDate", "DUnk")
    with pytest.raises(LabError, match="WFConnection UpToDate/DUnk"):
        scenes.wait_healed(World({"node1"}, apart).stage(), timeout=0.01)
