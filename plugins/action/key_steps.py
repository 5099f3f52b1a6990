# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans how a new key of the heartbeats takes the place of the present one."""

from __future__ import annotations

import secrets
from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _engines
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "model": {"type": "dict", "required": True},
    "kept": {"type": "list", "elements": "dict", "required": True},
    "at_once": {"type": "bool", "default": False},
}


class ActionModule(Judging):
    """Decides on the control host; the keys come from the nodes, and go to them alone."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the steps, the present one first; at once, the one and only."""
        engine, fresh = _engines.of(args["model"]), secrets.token_hex(32)
        if args["at_once"]:
            return {"changed": False, "steps": [engine.key_at_once(fresh)], "begun": False}
        steps = engine.key_steps(args["kept"], fresh)
        return {"changed": False, "steps": steps, "begun": len(steps[0]["marks"]) > 1}
