# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the move of a single server onto the storage of a cluster, and the way back."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _adoption
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "model": {"type": "dict", "required": True},
    "service": {"type": "str", "required": True},
    "found": {"type": "dict", "required": True},
    "files": {"type": "list", "elements": "path", "default": []},
    "direction": {"type": "str", "choices": ["forth", "back"], "default": "forth"},
    "data": {"type": "str", "choices": ["new", "kept"], "default": "new"},
    "owner": {"type": "str", "default": ""},
    "managed": {"type": "bool", "default": False},
}


class ActionModule(Judging):
    """Decides on the control host; contacts no node."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the plan."""
        model, service, found = args["model"], args["service"], args["found"]
        if args["direction"] == "forth":
            told = _adoption.forth(model, service, found, args["files"], args["managed"])
        else:
            told = _adoption.back(model, service, found, args["data"], args["owner"])
        return {"changed": False, **told}
