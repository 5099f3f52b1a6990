# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change takes from running services needs their names."""

from __future__ import annotations

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.modules import interruptions

from .modules import run as run_module


def service(name, local="running", state="running"):
    return {"name": name, "local": local, "state": state, "owner": "node1", "why": ""}


class Engine:
    """Says this of its services, and how long a move of the first one took."""

    def __init__(self, *services):
        self.services = services

    def status(self, run):
        return {"services": list(self.services)} if self.services else {}

    def ready(self, run):
        return {"services": [{"name": "shop", "move_s": 4.2}, {"name": "mail", "move_s": None}]}


@pytest.fixture
def node(monkeypatch):
    monkeypatch.setattr(interruptions, "runner", lambda module: None)

    def made(*services):
        monkeypatch.setattr(_engines, "here", lambda: Engine(*services))

    return made


def found(name, here=True):
    return {"service": name, "text": f"{name} is stopped and started again", "here": here}


def run(*names, here=True, **given):
    return run_module("interruptions", found=[found(name, here) for name in names], **given)


def test_it_is_told_with_its_price_and_refused_without_the_names(node):
    node(service("shop"), service("mail"))
    said = run("shop", "mail")
    assert said["lines"] == [
        "shop is stopped and started again; its last stop and start took 4.2 s when last measured.",
        "mail is stopped and started again; its last stop and start were not measured yet.",
    ]
    assert said["refused"].startswith("it would interrupt services: shop is stopped")
    assert said["refused"].endswith("-e interrupt=mail,shop at a time when that may be.")
    assert not said["changed"]


@pytest.mark.parametrize(
    ("permitted", "refused"),
    [("shop,mail", False), (["shop", "mail"], False), ("shop", True), ("true", True), ("", True)],
)
def test_each_service_has_to_be_named(node, permitted, refused):
    node(service("shop"), service("mail"))
    assert bool(run("shop", "mail", permitted=permitted)["refused"]) is refused


def test_what_does_not_run_here_is_not_interrupted_here(node):
    node(service("shop", local="stopped"))
    assert run("shop") == run("shop") | {"lines": [], "refused": ""}
    assert run("shop", here=False)["refused"], "deafness hits it wherever it runs"
    node(service("shop", local="stopped", state="blocked"))
    assert not run("shop", here=False)["refused"]


def test_where_no_other_node_lives_nobody_can_fail_to_hear_it(node):
    node(service("shop"), service("mail"))
    assert run("shop", here=False)["refused"]
    assert not run("shop", here=False, alone=True)["refused"]
    assert run("shop", alone=True)["refused"], "a service that is stopped here still needs its word"


@pytest.mark.parametrize("state", ["stopped", "broken"])
def test_a_service_that_is_down_needs_no_word(node, state):
    node(service("shop", local=state, state=state))
    assert not run("shop")["refused"]


def test_a_service_that_is_leaving_was_named_before(node):
    node(service("shop"), service("old"))
    said = run("old", leaving=["old"])
    assert (said["lines"], said["refused"]) == ([], "")


def test_an_engine_that_says_nothing_may_run_everything(node):
    node()
    assert run("shop")["refused"]
    node(service("mail"))
    assert not run("shop")["refused"], "it does not know shop, so it does not run it"


def test_an_entry_without_a_text_is_refused():
    assert "found: each needs" in run_module("interruptions", found=[{"service": "shop"}])["msg"]
