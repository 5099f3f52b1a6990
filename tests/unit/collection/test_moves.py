# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned moves: the plan, what forbids it, and how long the services were down."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _engines, _moves
from ansible_collections.failover.cluster.plugins.module_utils._engines import agent
from ansible_collections.failover.cluster.plugins.modules import standby as standby_module

from .modules import run as run_module


def service(name, owner, **more):
    other = "node2" if owner == "node1" else "node1"
    told = {"name": name, "owner": owner, "state": "running", "why": ""}
    return {**told, "standby": {"node": other, "able": True, "why": ""}, **more}


STATUS: dict[str, Any] = {
    "nodes": ["node1", "node2"],
    "silent": [],
    "maintenance": False,
    "standby": [],
    "services": [service("shop", "node1"), service("mail", "node2")],
}


def planned(to="", seconds=None, **changes):
    status = {**copy.deepcopy(STATUS), **changes}
    return _moves.plan(status, seconds or {}, [{"service": "shop", "to": to}])


def test_the_plan_says_from_where_to_where_and_for_how_long():
    steps, problems = planned(seconds={"shop": 4.2})
    assert problems == []
    assert steps == [{"service": "shop", "from": "node1", "to": "node2", "seconds": 4.2}]
    assert _moves.lines(steps) == [
        "1. shop moves from node1 to node2; it is down for about 4.2 s, as when it was last measured."
    ]
    assert "a time that was not measured yet" in _moves.lines(planned()[0])[0]
    assert _moves.lines(planned(to="node1")[0]) == ["1. shop stays on node1."]


def test_with_three_nodes_the_engine_chooses():
    [step], problems = planned(nodes=["node1", "node2", "node3"])
    assert (step["to"], problems) == ("", [])
    assert "to the node that the engine chooses" in _moves.lines([step])[0]


@pytest.mark.parametrize(
    ("to", "changes", "sentence"),
    [
        ("", {"maintenance": True}, "maintenance: is on; nothing is moved until it ends"),
        ("", {"silent": ["node2"]}, "service shop: node2 is not heard, so it cannot take it."),
        ("", {"standby": ["node2"]}, "service shop: node2 is in standby mode; end that first"),
        ("node9", {}, "to: node9 is not a node of the cluster; they are node1, node2."),
        (
            "",
            {"services": [service("shop", "node1", state="stopping")]},
            "service shop: is stopping, so it cannot be moved: no reason is given.",
        ),
        (
            "",
            {"services": [service("shop", None, state="blocked", why="no disk")]},
            "service shop: is blocked, so it cannot be moved: no disk.",
        ),
        (
            "",
            {
                "services": [
                    service(
                        "shop", "node1", standby={"node": "node2", "able": False, "why": "Outdated"}
                    )
                ]
            },
            "service shop: node2 cannot take it: Outdated.",
        ),
        ("", {"services": []}, "service: shop is not a service of the cluster; they are none."),
    ],
)
def test_a_precondition_that_fails_is_named(to, changes, sentence):
    _steps, problems = planned(to, **changes)
    assert [text for text in problems if text.startswith(sentence)], problems


def test_a_service_that_stays_needs_nothing():
    assert planned(to="node1", silent=["node2"], standby=["node1"])[1] == []


def test_a_node_is_emptied_by_the_moves_of_its_services_alone():
    assert _moves.emptied(STATUS, "node1") == [{"service": "shop", "to": "node2"}]
    three = {**STATUS, "nodes": ["node1", "node2", "node3"]}
    assert _moves.emptied(three, "node1") == [{"service": "shop", "to": ""}]


def looks(*steps):
    """(time, owner, state) of the shop -> the downtimes."""
    downtimes = _moves.Downtimes()
    for now, owner, state in steps:
        downtimes.look({"services": [service("shop", owner, state=state)]}, now)
    return downtimes.seconds


def test_a_downtime_is_never_told_too_short():
    running = (1.0, "node1", "running")
    stopping, starting = (2.0, "node1", "stopping"), (3.0, "node2", "starting")
    assert looks(running, stopping, starting, (4.5, "node2", "running")) == {"shop": 3.5}
    assert looks(running, (1.4, "node2", "running")) == {"shop": 0.4}, "nobody saw it down"
    assert looks(running, (2.0, "node1", "running")) == {}
    assert looks(running, stopping) == {}, "it is still down"
    assert looks((1.0, None, "blocked"), (9.0, "node1", "running")) == {}, (
        "since when, nobody knows"
    )


class Node:
    """A node with an engine whose services leave when its standby mode begins."""

    def __init__(self, monkeypatch, slow=0, deaf=False):
        self.status_now = copy.deepcopy(STATUS)
        self.orders = []
        self.slow, self.deaf = slow, deaf
        monkeypatch.setattr(_engines, "here", lambda: self)
        monkeypatch.setattr(standby_module, "POLL_S", 0.0)

    def status(self, run):
        shop = self.status_now["services"][0]
        if "node1" in self.status_now["standby"] and not self.deaf:
            self.slow -= 1
            if self.slow < 0:
                shop.update(owner="node2", state="running")
            else:
                shop.update(state="stopping")
        return copy.deepcopy(self.status_now)

    def standby(self, run, node, on):
        self.orders.append((node, on))
        self.status_now["standby"] = [node] if on else []

    def ready(self, run):
        return {"services": [{"name": "shop", "move_s": 4.2}, {"name": "mail", "move_s": None}]}


def test_standby_waits_until_all_have_left_and_measures(monkeypatch):
    node = Node(monkeypatch, slow=3)
    said = run_module("standby", node="node1", state="on")
    assert said["changed"] and said["before"] == "off"
    assert set(said["downtimes"]) == {"shop"}
    assert node.orders == [("node1", True)]
    again = run_module("standby", node="node1", state="on")
    assert (again["changed"], again["downtimes"], len(node.orders)) == (False, {}, 1)
    assert run_module("standby", node="node1", state="off")["changed"]
    assert not run_module("standby", node="node1", state="off")["changed"]


def test_a_run_that_was_cut_off_is_finished_by_the_next(monkeypatch):
    node = Node(monkeypatch, slow=3)
    node.standby(None, "node1", True)
    said = run_module("standby", node="node1", state="on")
    assert not said["changed"] and node.status_now["services"][0]["owner"] == "node2"


def test_a_service_that_does_not_leave_is_named(monkeypatch):
    Node(monkeypatch, deaf=True)
    said = run_module("standby", node="node1", state="on", wait_s=0)
    assert said["failed"]
    assert (
        "node1 is in standby mode, but services are on it: after 0 s not yet gone: shop"
        in (said["msg"])
    )


def test_check_mode_orders_nothing(monkeypatch):
    node = Node(monkeypatch)
    assert run_module("standby", check=True, node="node1", state="on")["changed"]
    assert node.orders == []
    assert "node9 is not a node" in run_module("standby", node="node9", state="on")["msg"]


def test_the_module_plans_with_what_was_measured(monkeypatch):
    Node(monkeypatch)
    said = run_module("move_plan", moves=[{"service": "shop"}])
    assert (said["changed"], said["problems"]) == (False, [])
    assert said["steps"][0]["seconds"] == 4.2
    said = run_module("move_plan", empty="node2")
    assert said["lines"] == [
        "1. mail moves from node2 to node1; it is down for a time that was not measured yet."
    ]
    assert "empty: node9 is not a node" in run_module("move_plan", empty="node9")["msg"]


def test_an_engine_that_measures_nothing_can_be_planned_with(monkeypatch):
    node = Node(monkeypatch)

    def refused(run):
        raise _engines.Refused("it does not tell.")

    monkeypatch.setattr(node, "ready", refused)
    assert run_module("move_plan", moves=[{"service": "shop"}])["steps"][0]["seconds"] is None


def test_what_the_daemon_measured_is_understood():
    told = {"services": [{"name": "shop", "level": "ok", "move_s": 3.1}]}
    answer = agent.ENGINE.ready(lambda argv: (0, json.dumps(told), ""))
    assert answer["services"][0]["move_s"] == 3.1
