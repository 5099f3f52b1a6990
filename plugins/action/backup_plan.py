# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans a backup of a database, or the way back to one."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _backup_plan
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "work": {"type": "str", "choices": ["backup", "restore"], "required": True},
    "service": {"type": "str", "required": True},
    "owner": {"type": "str", "required": True},
    "found": {"type": "dict", "required": True},
    "repository": {"type": "str", "required": True},
    "data": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": ["full", "diff", "incr"], "default": "incr"},
    "to": {"type": "str", "default": ""},
    "maintenance": {"type": "bool", "default": False},
}


class ActionModule(Judging):
    """Decides on the control host; contacts no node."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the plan."""
        name, owner, found = args["service"], args["owner"], args["found"]
        if args["work"] == "backup":
            told = _backup_plan.backup(name, args["repository"], owner, found, args["kind"])
        else:
            told = _backup_plan.restore(
                name, owner, found[owner], args["data"], args["to"], time.time()
            )
            if args["maintenance"] and not found[owner]["begun"]:
                told["problems"].append(_backup_plan.MAINTENANCE)
        return {"changed": False, **told}
