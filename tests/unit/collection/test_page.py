# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_page: off by default, on localhost if it is on, and protected if others can reach it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _engines,
    _packages,
    _secrets,
)

PROTECTED: dict[str, Any] = {
    "certificate": "/etc/ssl/certs/node.pem",
    "key": {"node1": "/etc/ssl/private/1.pem", "node2": "/etc/ssl/private/2.pem"},
    "token": "a-hidden-word-of-21-c",
}
PROGRAMS = {"python3-aiohttp", "python3-prometheus-client"}


def test_without_the_variable_there_is_no_page(build):
    model = build()
    assert model["page"] is None
    assert not PROGRAMS & set(_packages.needed(model))


@pytest.mark.parametrize("given", [{}, {"listen": "::1"}, {"listen": "127.0.0.2"}])
def test_localhost_needs_no_protection(build, given):
    model = build(("failover_page", given))
    assert model["page"]["port"] == 9820
    assert set(model["page"]["listen"]) == {"node1", "node2"}
    assert set(_packages.needed(model)) >= PROGRAMS


def test_the_default_is_localhost(build):
    assert build(("failover_page", {}))["page"]["listen"] == {
        "node1": "127.0.0.1",
        "node2": "127.0.0.1",
    }


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.11"])
@pytest.mark.parametrize("left_out", [["token"], ["certificate", "key"], list(PROTECTED)])
def test_an_address_that_others_reach_needs_tls_and_a_token(build, address, left_out):
    page = {"listen": address, **{k: v for k, v in PROTECTED.items() if k not in left_out}}
    with pytest.raises(ValueError) as error:
        build(("failover_page", page))
    assert str(error.value) == (
        f"failover_page.listen: {address} can be reached by other hosts, which needs TLS and a"
        f" token; give {' and '.join(left_out)}, or listen on 127.0.0.1."
    )


def test_one_exposed_node_is_enough(build):
    page = {"listen": {"node1": "127.0.0.1", "node2": "192.168.1.12"}}
    with pytest.raises(ValueError, match=r"^failover_page\.listen: 192\.168\.1\.12 can be reached"):
        build(("failover_page", page))


def test_a_protected_page_may_be_exposed_and_its_token_is_shown_to_nobody(build):
    model = build(("failover_page", {"listen": "0.0.0.0", **PROTECTED}))
    assert model["page"]["token"] == PROTECTED["token"]
    shown = _secrets.public(model)
    assert PROTECTED["token"] not in str(shown)
    assert shown["page"]["key"]["node2"] == "/etc/ssl/private/2.pem"


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ({"certificate": "/a"}, "failover_page: certificate and key belong together; give both or"),
        (
            {"token": "hidden-word"},
            "failover_page.token: the value is not a text of at least 16 ch",
        ),
        ({"listen": "node1"}, "failover_page.listen: node1 is not an IP address."),
        ({"port": 0}, "failover_page.port: 0 is not between 1 and 65535."),
        (
            {"port": 5432},
            "failover_page.port: 5432 is the port of postgresql of service shop; give",
        ),
        ({"tokens": "hidden-word"}, "failover_page.tokens: unknown key; token may be meant"),
        ("hidden-word", "failover_page: the value is not a mapping."),
    ],
)
def test_wrong_values_are_named_and_no_secret_is_shown(build, page, sentence):
    with pytest.raises(ValueError) as error:
        build(("failover_page", page))
    assert str(error.value).startswith(sentence)
    assert "hidden-word" not in str(error.value)


def test_a_service_may_not_have_the_unit_of_the_page(build):
    with pytest.raises(ValueError, match="belongs to the system"):
        build(("failover_services.0.applications.2", {"unit": "failover-page.service"}))


def test_an_engine_without_a_status_to_read_refuses_the_page(build, monkeypatch):
    agent = _engines.ENGINES["agent"]
    blind = dataclasses.replace(agent, hooks=dataclasses.replace(agent.hooks, status=""))
    monkeypatch.setitem(_engines.ENGINES, "agent", blind)
    assert build()["page"] is None
    with pytest.raises(ValueError, match=r"^failover_page: the engine agent has no status that"):
        build(("failover_page", {}))
