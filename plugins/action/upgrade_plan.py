# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the upgrade of the nodes of a cluster, and reports what was measured."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _upgrade_plan
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "model": {"type": "dict", "required": True},
    "found": {"type": "dict", "required": True},
    "ready": {"type": "dict", "default": {}},
    "status": {"type": "dict", "default": {}},
    "reboot": {
        "type": "str",
        "choices": [_upgrade_plan.AUTO, _upgrade_plan.NEVER],
        "default": _upgrade_plan.AUTO,
    },
    "home": {"type": "bool", "default": False},
    "release": {"type": "str", "default": ""},
    "downtimes": {"type": "list", "elements": "dict"},
    "before": {"type": "dict", "default": {}},
    "after": {"type": "dict", "default": {}},
}


class ActionModule(Judging):
    """Decides on the control host; contacts no node."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the plan, or the report of an upgrade whose downtimes are given."""
        if args["downtimes"] is not None:
            told = _upgrade_plan.report(
                args["downtimes"], args["before"], args["after"], args["found"]
            )
        else:
            told = _upgrade_plan.plan(
                args["model"],
                args["found"],
                args["ready"],
                args["status"],
                args["reboot"],
                args["home"],
                args["release"],
            )
        return {"changed": False, **told}
