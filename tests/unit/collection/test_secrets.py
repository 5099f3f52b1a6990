# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of the nodes, and the form in which PostgreSQL stores a password."""

from __future__ import annotations

import stat

from ansible_collections.failover.cluster.plugins.module_utils import _scram
from hypothesis import given, settings
from hypothesis import strategies as st

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
