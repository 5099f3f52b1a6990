# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the two copies of a service, and plans how one of them is given up."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _split_brain
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "service": {"type": "str", "required": True},
    "copies": {"type": "dict", "required": True},
    "status": {"type": "dict", "default": {}},
    "discard": {"type": "str", "default": ""},
    "backup": {"type": "str", "default": ""},
}


class ActionModule(Judging):
    """Decides on the control host; contacts no node."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the plan."""
        service, copies = args["service"], args["copies"]
        found = _split_brain.plan(service, copies, args["status"], args["discard"], args["backup"])
        kept = found["victim"] and args["backup"] != _split_brain.NO_BACKUP
        image = _split_brain.image(service, found["victim"], args["backup"]) if kept else ""
        differences = _split_brain.verified(service, copies)
        return {"changed": False, **found, "image": image, "differences": differences}
