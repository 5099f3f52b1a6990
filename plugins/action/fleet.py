# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what the nodes of many clusters answered, and writes it down where it is wanted."""

from __future__ import annotations

import json
import time
from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _fleet, _gathered
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem

SPEC = {
    "output": {"type": "path"},
    "page": {"type": "path"},
    "demand": {"type": "str", "default": "never", "choices": ["never", "warning", "ok"]},
}
NO_CLUSTER = (
    "No host is a node of a cluster; a node has the variables failover_links and failover_services."
)
ENOUGH = {"never": _fleet.STATES, "warning": ("warning", "ok"), "ok": ("ok",)}


class ActionModule(Judging):
    """Reads the variables prepare_model and status_answer of every host; contacts none."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the report and its table."""
        hostvars = variables["hostvars"]
        now = time.time()
        clusters = _gathered.clusters(hostvars)
        if not clusters:
            raise Problem(NO_CLUSTER)
        answers = _gathered.answers(hostvars, clusters, "status_answer")
        found = _fleet.report(clusters, answers, now)
        when = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(now))
        texts = {args["output"]: json.dumps(found, indent=1) + "\n"} if args["output"] else {}
        if args["page"]:
            texts[args["page"]] = _fleet.page(found, when)
        if not self._task.check_mode:
            for path, text in texts.items():
                _gathered.write(path, text)
        result = {"changed": bool(texts), "report": found, "table": _fleet.table(found)}
        poor = [row for row in found["clusters"] if row["state"] not in ENOUGH[args["demand"]]]
        if poor:
            names = ", ".join(f"{row['name']} is {row['state']}" for row in poor)
            return {**result, "failed": True, "msg": f"demand {args['demand']}: {names}."}
        return result
