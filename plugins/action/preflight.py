# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the answers of the nodes."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _audit,
    _engines,
    _findings,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "model": {"type": "dict", "required": True},
    "clock_s": {"type": "float", "default": 5.0},
    "free_mib": {"type": "int", "default": 256},
    "watchdog": {"type": "bool", "default": False},
    "repair": {"type": "bool", "default": False},
    "accounts": {"type": "dict", "default": {}},
    "renumber": {"type": "bool", "default": False},
    "alone": {"type": "bool", "default": True},
    "remove": {"type": "list", "elements": "str", "default": []},
    "former": {"type": "list", "elements": "str", "default": []},
    "upgraded": {"type": "list", "elements": "str", "default": []},
    "mixed": {"type": "bool", "default": False},
}


class ActionModule(Judging):
    """Fails with one sentence, or returns what the nodes answered and what follows of it."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Judge all nodes of the cluster, also those that the play leaves out."""
        host = variables["inventory_hostname"]
        model = args["model"]
        found = model["found"]
        warnings = _findings.judge(model, found, args, args["repair"])
        if args["alone"]:
            _findings.alone(model, found)
        gone = _findings.gone(model, found, host, args["remove"])
        findings = _audit.audit(model, found)
        accounts = _findings.accounts(model, found, args["accounts"], args["renumber"])
        return {
            "changed": False,
            "takeover": _engines.of(model).costs(model),
            "warnings": warnings if host == model["acting"] else [],
            "audit": findings,
            "audit_table": _audit.table(findings),
            "found": found,
            "accounts": accounts,
            "managed": any(info["running"] for info in found.values()),
            "opened": _findings.opened_nodes(model, found),
            "content": _findings.content_nodes(model, found),
            "gone": gone,
            "retired": _findings.retired(gone, found[host]),
            "stale": _findings.stale(model, found, host),
        }
