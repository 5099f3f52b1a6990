# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans a rehearsal on a running cluster, and keeps its report."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _drill, _drill_page, _gathered
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging

SPEC = {
    "model": {"type": "dict", "required": True},
    "service": {"type": "str", "required": True},
    "move": {"type": "dict", "required": True},
    "probe": {"type": "str", "default": ""},
    "ends": {"type": "list", "elements": "dict", "default": []},
    "measured": {"type": "dict", "default": {}},
    "reports": {"type": "str", "default": ""},
}


class ActionModule(Judging):
    """Decides on the control host; contacts no node."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Return the plan; after the drill write its report."""
        planned = _drill.plan(args["model"], args["service"], args["move"], args["probe"])
        if not args["measured"]:
            return {"changed": False, **planned}
        about = {"cluster": args["model"]["cluster"], "service": args["service"]}
        told = _drill.report(about, planned["steps"], args["ends"], args["measured"])
        directory = os.path.expanduser(args["reports"])
        last = _drill.last(directory, about)
        lines, problems = _drill.compared(told, last)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(told["began"]))
        path = os.path.join(directory, _drill.file(about, stamp))
        os.makedirs(directory, exist_ok=True)
        _gathered.write(path, json.dumps(told, indent=1) + "\n")
        page = os.path.splitext(path)[0] + ".html"
        places = [_drill.place(target) for target in planned["targets"]]
        _gathered.write(page, _drill_page.page(told, last, places, problems))
        return {
            "changed": True,
            "path": path,
            "page": page,
            "lines": lines,
            "problems": problems,
        }
