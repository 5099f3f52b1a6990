# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans how a bare machine takes the place of a dead node."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _replacement
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "model": {"type": "dict", "required": True},
    "node": {"type": "str", "required": True},
    "found": {"type": "dict", "required": True},
    "status": {"type": "dict", "default": {}},
    "keeps": {
        "type": "str",
        "choices": [_replacement.NONE, _replacement.SAME, _replacement.OTHER],
        "required": True,
    },
}


class ActionModule(Judging):
    """Decides on the control host; contacts no node."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the plan."""
        told = _replacement.plan(
            args["model"], args["node"], args["found"], args["status"], args["keeps"]
        )
        return {"changed": False, **told}
