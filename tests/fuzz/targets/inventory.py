# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a cluster, as an inventory may hold them: any value at any place."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.fuzz.target import Target

CHECKOUT = Path(__file__).resolve().parents[3]
COLLECTIONS = CHECKOUT / "build" / "collections"
sys.path.insert(0, str(COLLECTIONS))

from ansible_collections.failover.cluster.plugins.plugin_utils import (  # noqa: E402
    _model,
    _problems,
    _secrets,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import (  # noqa: E402
    config,
)

from tests.unit.collection.conftest import NODES, VARIABLES  # noqa: E402

SECRET = "hidden-word"


def run(data: bytes) -> bool:
    """Only Problem, and in it no secret. What is accepted can be rendered for both nodes."""
    try:
        variables = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if not isinstance(variables, dict):
        return False
    each = {node: {**variables, "ansible_host": f"10.0.0.{i}"} for i, node in enumerate(NODES, 1)}
    try:
        model = _model.build("shop", NODES, each)
    except (_problems.Problem, _problems.Refusal) as problem:
        # A secret that was moved to where none belongs cannot be known for one.
        known = SECRET in _problems.secret_texts(_shallow(variables))
        assert not known or SECRET not in str(problem), "a secret in a message"
        assert str(problem).replace("\n", "").isprintable(), "a terminal would obey this"
        return False
    for node in NODES:
        config.files(model, node)
    json.dumps(_secrets.public(model))
    return True


def _shallow(variables: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if not _problems.too_deep(value)}


MORE: dict[str, Any] = {
    "failover_ping_targets": ["192.168.1.254", {"address": "fd00::fe", "weight": 2}],
    "failover_monitors": {"ping": {"needed": 2}, "space": {"interval_s": 60}},
    "failover_timing": {"dead_s": 5},
    "failover_notifications": [
        {"method": "webhook", "url": f"https://example.org/{SECRET}", "body": {"text": "{text}"}},
        {"method": "command", "command": ["/bin/true"]},
    ],
}
TARGET = Target("inventory", [json.dumps({**VARIABLES, **MORE}).encode()], run)
