# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans another major version of a database, or the way back."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _pg_upgrade_plan
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "service": {"type": "str", "required": True},
    "owner": {"type": "str", "required": True},
    "found": {"type": "dict", "required": True},
    "data": {"type": "str", "required": True},
    "wanted": {"type": "str", "required": True},
    "transfer": {
        "type": "str",
        "choices": [_pg_upgrade_plan.COPY, _pg_upgrade_plan.CLONE],
        "default": _pg_upgrade_plan.COPY,
    },
    "maintenance": {"type": "bool", "default": False},
    "installs": {"type": "bool", "default": False},
}


class ActionModule(Judging):
    """Decides on the control host; contacts no node."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the plan."""
        told = _pg_upgrade_plan.plan(
            args["service"],
            args["owner"],
            args["found"],
            args["data"],
            args["wanted"],
            args["transfer"],
            args["maintenance"],
            args["installs"],
        )
        return {"changed": False, **told}
