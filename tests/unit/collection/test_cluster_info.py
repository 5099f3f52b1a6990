# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The question of a whole fleet costs a node its engine's command, and no module."""

from __future__ import annotations

import json
import shlex
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.action import cluster_info

from .test_engine_agent import STATUS

Answers = dict[str, tuple[int, str]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch):
    """Asks a node that answers these commands, each named by its program."""

    def asked(answers: Answers, **arguments: Any) -> tuple[dict[str, Any], list[str]]:
        said: list[str] = []

        def low_level(command: str) -> dict[str, Any]:
            words = shlex.split(command)
            assert words[-1] == "2>/dev/null", "a terminal would mix errors into the answer"
            said.append(words[1].rpartition("/")[2])
            code, out = answers.get(said[-1], (127, ""))
            return {"rc": code, "stdout": out, "stderr": ""}

        def module(task_vars: dict[str, Any]) -> dict[str, Any]:
            said.append("module")
            return {"status": STATUS}

        action = cluster_info.ActionModule.__new__(cluster_info.ActionModule)
        action._task = SimpleNamespace(args=arguments)
        action._low_level_execute_command = low_level
        action._execute_module = module
        monkeypatch.setattr(cluster_info.ActionBase, "run", lambda *_args: {})
        return action.run(task_vars={}), said

    return asked


def test_a_mere_question_sends_no_module(ask):
    # A terminal ends its lines so.
    said, commands = ask({"failoverctl": (0, json.dumps(STATUS, indent=1).replace("\n", "\r\n"))})
    assert said["status"]["services"] == STATUS["services"]
    assert (said["status"]["silent"], said["changed"]) == (["node1"], False)
    assert commands == ["failoverctl"]


def test_who_waits_waits_on_the_node(ask):
    assert ask({}, running=["shop"], wait_s=5)[1] == ["module"]


def test_a_node_without_an_engine_says_so(ask):
    said, commands = ask({})
    assert said["failed"] and said["status"] == {}
    assert said["msg"] == "no engine of a cluster runs on this node."
    assert commands == ["failoverctl", "cat"]


def test_an_answer_that_is_none_is_told_and_not_quoted(ask):
    said, _commands = ask({"failoverctl": (0, "{{ evil }}")})
    assert said["failed"] and said["status"] == {}
    assert "no readable answer" in said["msg"] and "evil" not in said["msg"]
