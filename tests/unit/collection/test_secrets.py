# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of the nodes, and the form in which PostgreSQL stores a password."""

from __future__ import annotations

import json
import re
import stat
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.action import secrets as secrets_action
from ansible_collections.failover.cluster.plugins.module_utils import _scram
from ansible_collections.failover.cluster.plugins.plugin_utils import _problems
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.collection.conftest import put, resource_file
from tests.unit.collection.modules import run


def test_what_is_missing_is_generated_once(tmp_path):
    path = tmp_path / "etc" / "secrets.json"
    first = run("secrets", path=str(path), generate=["key", "drbd-shop"])
    assert first["changed"] is True
    assert len(bytes.fromhex(first["secrets"]["key"])) == 32
    assert first["secrets"]["key"] != first["secrets"]["drbd-shop"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    second = run("secrets", path=str(path), generate=["key", "drbd-shop"])
    assert (second["changed"], second["secrets"]) == (False, first["secrets"])


def test_what_the_peer_keeps_is_taken_over(tmp_path):
    path = tmp_path / "secrets.json"
    run("secrets", path=str(path), generate=["key"])
    said = run("secrets", path=str(path), known={"key": "ab" * 32}, generate=["key"])
    assert said["secrets"] == {"key": "ab" * 32}
    assert run("secrets", path=str(path))["secrets"] == {"key": "ab" * 32}


def test_what_is_renewed_gets_another_value_and_the_rest_stays(tmp_path):
    path = tmp_path / "secrets.json"
    before = run("secrets", path=str(path), generate=["key", "drbd-shop"])["secrets"]
    said = run("secrets", path=str(path), known={"key": "ab" * 32}, renew=["drbd-shop"])
    assert (said["changed"], said["secrets"]["key"]) == (True, "ab" * 32)
    assert said["secrets"]["drbd-shop"] != before["drbd-shop"]
    assert len(bytes.fromhex(said["secrets"]["drbd-shop"])) == 32
    assert run("secrets", path=str(path))["secrets"] == said["secrets"]


def test_reading_and_check_mode_write_nothing(tmp_path):
    path = tmp_path / "secrets.json"
    assert run("secrets", path=str(path))["secrets"] == {}
    said = run("secrets", check=True, path=str(path), generate=["key"])
    assert said["changed"] is True
    assert not path.exists()


def test_the_secret_is_the_one_of_the_example_in_rfc_7677():
    import base64

    made = _scram.make("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    assert made == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
        "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
        ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


@settings(max_examples=20)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_secret_belongs_to_its_password_only(password):
    secret = _scram.make(password, iterations=2)
    assert _scram.verify(secret, password)
    assert not _scram.verify(secret, password + "x")
    assert not _scram.verify("md5abc", password)


EVIL = 'x"; } handlers { fence-peer "/bin/sh -c evil'


@pytest.fixture
def role(tmp_path, monkeypatch):
    """Runs the role's way to read: the action on the control host around the module of the node."""

    def read(content: object, **arguments: Any):
        path = tmp_path / "secrets.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        action = secrets_action.ActionModule.__new__(secrets_action.ActionModule)
        action._task = SimpleNamespace(delegate_to="node2", args=arguments)
        action._execute_module = lambda task_vars: run("secrets", path=str(path), **arguments)
        monkeypatch.setattr(secrets_action.ActionBase, "run", lambda *_args: {})
        return action.run(task_vars={"inventory_hostname": "node1"})

    return read


@pytest.mark.finding("X5")
@pytest.mark.parametrize(
    "value", [EVIL, "ab" * 31, "AB" * 32, "ab" * 32 + "\n", "", 5, None, ["ab" * 32], {"a": "b"}]
)
def test_what_is_no_secret_is_not_believed_and_not_shown(role, value):
    said = role({"key": "ab" * 32, "drbd-shop": value})
    assert said["secrets"] == {}
    assert said["problem"].startswith("node2: /etc/failoverd/secrets.json: drbd-shop is not a text")
    assert "evil" not in said["problem"] and "abab" not in said["problem"]


@pytest.mark.finding("X5")
def test_a_name_that_is_none_and_a_file_that_is_none_are_told(role):
    assert "holds a name that is none" in role({'a"b': "ab" * 32})["problem"]
    assert "cannot be read" in role("{")["problem"]
    sound = role({"key": "ab" * 32})
    assert (sound["secrets"], sound["problem"]) == ({"key": "ab" * 32}, "")


@pytest.mark.finding("X5")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("nodename", EVIL),
        ("nodename", "node1\n"),
        ("nodename", ["node1"]),
        ("os.version", "12; evil"),
        ("interfaces.eth0.0", "192.168.1.11/24; evil"),
        ("accounts.postgres", {"uid": "0 -o", "gid": 5}),
        ("drbd_files", {"/etc/drbd.d/shop.res": resource_file("0; }", 7789)}),
        ("drbd_files", {"/etc/drbd.d/shop.res": resource_file(0, "7789; }")}),
        ("drbd_files", {"/etc/drbd.d/shop.res": resource_file(True, 7789)}),
        ("locks", {"shop": "1"}),
    ],
)
def test_what_a_node_says_is_of_its_form_before_anybody_builds_with_it(build, found, path, value):
    put(found, f"node2.{path}", value)
    with pytest.raises(_problems.Problem, match=r"node2: says of .*which no sound node says"):
        build(found=found)


@pytest.mark.finding("X9")
def test_an_error_of_the_server_shows_no_verifier():
    made = _scram.make("pencil")
    error = f"ERROR: role exists STATEMENT: CREATE ROLE \"shop\" LOGIN PASSWORD '{made}'; LINE 1"
    assert _scram.masked(error) == error.replace(made, "***")
    for part in re.split(r"[$:]", made)[2:]:
        assert part not in _scram.masked(error)
