# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine agent as the modules ask it on a node: one form of answers."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._engines import agent

from .modules import run as run_module

STATUS = {
    "cluster": "shop",
    "node": "node2",
    "peer": {"name": "node1", "life": "silent"},
    "maintenance": False,
    "standby": [],
    "services": [
        {"name": "shop", "owner": "node2", "state": "running", "local": "running", "why": ""}
    ],
}


class Node:
    """A node whose failoverctl answers this, and notes what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, str, str]) -> None:
        self.asked: list[list[str]] = []
        self._answers = list(answers)
        monkeypatch.setattr(
            AnsibleModule, "run_command", lambda _module, argv, **_how: self.run(argv)
        )
        monkeypatch.setattr(_engines, "here", lambda: agent.ENGINE)

    def run(self, argv):
        self.asked.append(list(argv))
        return self._answers.pop(0)


def told(**changes):
    return (0, json.dumps({**STATUS, **changes}), "")


@pytest.fixture
def node(monkeypatch):
    return lambda *answers: Node(monkeypatch, *answers)


def test_the_status_names_all_nodes_and_those_that_are_not_heard(node):
    status = agent.ENGINE.status(node(told()).run)
    assert (status["nodes"], status["silent"]) == (["node1", "node2"], ["node1"])
    alive = told(peer={"name": "node1", "life": "alive"})
    assert agent.ENGINE.status(node(alive).run)["silent"] == []
    assert agent.ENGINE.status(node((3, "", "does not run")).run) == {}


def test_what_the_program_tells_of_another_engine_is_not_told_twice(node):
    assert agent.ENGINE.status(node(told(engine="pacemaker")).run) == {}


def test_a_service_moves_to_the_other_node_and_the_seconds_are_told(node):
    asked = node(told(), (0, json.dumps({"seconds": 2.5, "to": "node1"}), ""))
    said = run_module("switchover", service="shop")
    assert (said["before"], said["after"], said["seconds"]) == ("node2", "node1", 2.5)
    words = [
        "/usr/sbin/failoverctl",
        "switchover",
        "shop",
        "--to",
        "node1",
        "--json",
        "--wait",
        "120",
    ]
    assert asked.asked[-1][-len(words) :] == words


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"service": "mail"}, "service: mail is not a service of the cluster; they are shop."),
        (
            {"service": "shop", "to": "node3"},
            "to: node3 is not a node of the cluster; they are node1, node2.",
        ),
    ],
)
def test_a_wrong_word_is_refused_before_anything_moves(node, arguments, sentence):
    asked = node(told())
    assert run_module("switchover", **arguments)["msg"] == sentence
    assert len(asked.asked) == 1


def test_what_the_engine_refuses_is_the_message(node):
    node(told(), (1, "", "shop has no room\nfor a start"))
    said = run_module("switchover", service="shop", to="node1")
    assert said["failed"]
    assert said["msg"] == "service shop was not moved: shop has no room for a start"


def test_maintenance_is_changed_only_once(node):
    asked = node(told(), (0, "", ""))
    assert run_module("maintenance", state="on")["changed"]
    assert asked.asked[-1][-2:] == ["maintenance", "on"]
    asked = node(told(maintenance=True))
    assert not run_module("maintenance", state="on")["changed"]
    asked = node(told())
    assert run_module("maintenance", check=True, state="on")["changed"]
    assert len(asked.asked) == 1


def test_who_confirms_a_fenced_node_is_handed_on(node):
    asked = node((0, "node1 is taken for fenced; recorded\n", ""))
    said = run_module("confirm_fenced", node="node1", who="alice")
    assert said["answer"] == "node1 is taken for fenced; recorded"
    assert asked.asked[-1][1:] == [
        "SUDO_USER=alice",
        "/usr/sbin/failoverctl",
        "confirm-fenced",
        "node1",
    ]
    asked = node()
    assert run_module("confirm_fenced", check=True, node="node1")["answer"] == ""
    assert asked.asked == []


def test_a_node_that_never_had_it_says_so(node):
    node((127, "", "No such file"))
    said = run_module("confirm_fenced", node="node1")
    assert said["msg"] == "node: node1 was not confirmed: failoverd is not installed on this node."


def test_standby_begins_and_ends(node):
    asked = node((0, "", ""), (0, "", ""))
    agent.ENGINE.standby(asked.run, "node1", True)
    agent.ENGINE.standby(asked.run, "node1", False)
    assert [argv[-2:] for argv in asked.asked] == [["standby", "node1"], ["online", "node1"]]


READY = {
    "level": "critical",
    "services": [
        {"name": "shop", "level": "critical", "reason": "data: is Outdated", "seconds": None},
        {"name": "mail", "level": "warning", "reason": "links: lan", "seconds": [3.0, 9.0]},
    ],
}


def test_whether_a_failover_would_succeed_is_told_whatever_the_exit_status_is(node):
    asked = node((2, json.dumps(READY), ""))
    said = run_module("ready", check=True)
    assert said["level"] == "critical" and not said["changed"]
    assert said["services"] == READY["services"]
    assert asked.asked[-1][-2:] == ["ready", "--json"]


@pytest.mark.parametrize(
    ("demand", "level", "sentence"),
    [
        ("warning", "critical", "service shop is critical: data: is Outdated (demand)."),
        ("ok", "warning", "service mail is warning: links: lan (demand)."),
        ("warning", "warning", None),
    ],
)
def test_a_demand_that_is_not_met_fails_with_the_reason(node, demand, level, sentence):
    services = READY["services"][0 if level == "critical" else 1 :][:1]
    node((2, json.dumps({"level": level, "services": services}), ""))
    assert run_module("ready", demand=demand).get("msg") == sentence


def test_a_node_that_cannot_tell_says_why(node):
    node((3, json.dumps({"level": "unknown", "text": "failoverd does not answer"}), ""))
    assert run_module("ready")["msg"] == "ready: failoverd does not answer"
    node((127, "", "no such file"))
    assert "failoverctl ended with 127: 'no such file'." in run_module("ready")["msg"]


ACCOUNT = {"begin": 1.0, "end": 2.0, "services": [{"name": "shop", "availability": 99.99}]}


def test_the_account_of_a_period_is_asked_for(node):
    asked = node((0, json.dumps(ACCOUNT), ""))
    said = run_module("availability", check=True, since="1y", target=99.9)
    assert (said["services"], said["changed"]) == (ACCOUNT["services"], False)
    assert asked.asked[-1][-6:] == ["availability", "--json", "--since", "1y", "--target", "99.9"]


def test_a_period_that_is_none_is_told(node):
    node((1, "", "failoverctl: --since soon: must be like 90d."))
    said = run_module("availability", since="soon")
    assert said["msg"] == "availability: failoverctl: --since soon: must be like 90d."


def test_an_archive_is_written_on_the_node_and_not_in_check_mode(node):
    told_of = {"path": "/x.tar.gz", "bytes": 9, "left_out": [], "files": {"a": 1}, "node": "node1"}
    asked = node((0, json.dumps(told_of), ""))
    assert run_module("support", check=True)["changed"] and asked.asked == []
    said = run_module("support")
    assert (said["path"], said["bytes"], said["left_out"]) == ("/x.tar.gz", 9, [])
    assert asked.asked[-1][-2:] == ["support", "--json"]
    node((1, "", "failoverctl: /var/lib/failoverd: No space left on device."))
    assert "no archive was written: failoverctl: /var/lib" in run_module("support")["msg"]
