# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans work on the two copies of a service."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _replica
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "service": {"type": "str", "required": True},
    "copies": {"type": "dict", "required": True},
    "work": {"type": "str", "required": True, "choices": sorted(_replica.WORKS)},
}


class ActionModule(Judging):
    """Decides on the control host; contacts no node."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the plan."""
        return {"changed": False, **_replica.plan(args["service"], args["copies"], args["work"])}
