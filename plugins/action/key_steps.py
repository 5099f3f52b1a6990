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
}


class ActionModule(Judging):
    """Decides on the control host; the keys come from the nodes, and go to them alone."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the steps, the present one first."""
        steps = _engines.of(args["model"]).key_steps(args["kept"], secrets.token_hex(32))
        return {"changed": False, "steps": steps, "begun": len(steps[0]["marks"]) > 1}
