# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the accounts of the nodes of many clusters together."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _accounts, _gathered
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {"output": {"type": "path"}}


class ActionModule(Judging):
    """Reads prepare_model and availability_answer of every host; contacts none."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the report and its table."""
        hostvars = variables["hostvars"]
        clusters = _gathered.clusters(hostvars)
        answers = _gathered.answers(hostvars, clusters, "availability_answer")
        found = _accounts.report(clusters, answers)
        if args["output"] and not self._task.check_mode:
            _gathered.write(args["output"], json.dumps(found, indent=1) + "\n")
        table = _accounts.table(found)
        return {"changed": bool(args["output"]), "report": found, "table": table}
