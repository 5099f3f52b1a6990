# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long an application may take is the user's word, and the daemon's to see to."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import config

from failoverd import config as daemon

from .conftest import CHECKOUT

SLOW = [
    {"postgresql": {"start_timeout_s": 900, "stop_timeout_s": 600}},
    {"apache": {"stop_timeout_s": 500}},
    {"unit": "worker.service", "stop_timeout_s": 400},
]


def directives(role: str, template: str, **variables: Any) -> dict[str, str]:
    """What a unit file that a role writes says in its section Service."""
    room = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    room.filters["regex_replace"] = lambda text, *_words: text
    text = (CHECKOUT / "roles" / role / "templates" / template).read_text()
    lines = room.from_string(text).render(**variables).partition("[Service]")[2].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and line[:1].isalpha())


@pytest.mark.finding("S22", "S23")
def test_no_unit_ends_a_start_by_itself_and_a_stop_only_when_the_user_says(build) -> None:
    model = build(("failover_services.0.applications", SLOW))
    [service] = model["services"]
    postgresql, apache, worker = service["applications"]
    each = {"item": (service, postgresql), "prepare_model": model}
    found = directives("postgresql", "postgresql.service.j2", **each)
    assert (found["TimeoutStartSec"], found["TimeoutStopSec"]) == ("infinity", "600")
    found = directives("apache", "apache.service.j2", **{**each, "item": (service, apache)})
    assert (found["TimeoutStartSec"], found["TimeoutStopSec"]) == ("infinity", "500")
    found = directives("engine_agent", "drop-in.conf.j2", engine_agent_unit=worker)
    assert found == {"TimeoutStartSec": "infinity", "TimeoutStopSec": "400"}


@pytest.mark.finding("S22", "S24")
def test_the_daemon_is_told_the_limits_and_where_the_data_are(build) -> None:
    model = build(("failover_services.0.applications", SLOW))
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    found = {r.name: r for r in daemon.parse(texts).services[0].resources}
    postgresql, worker = found["postgresql"], found["worker"]
    assert (postgresql.start_timeout_s, postgresql.stop_timeout_s) == (900, 600)
    assert postgresql.given == {"start_timeout_s", "stop_timeout_s"}
    assert worker.given == {"stop_timeout_s"}
    assert postgresql.options.data == "/srv/shop/postgresql"
    assert worker.options.data == ""
