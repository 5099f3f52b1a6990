# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the accounts of the nodes of many clusters together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.failover.cluster.plugins.plugin_utils import _accounts, _gathered
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import unexpected

SPEC = {"output": {"type": "path"}}


class ActionModule(ActionBase):
    """Reads prepare_model and availability_answer of every host; contacts none."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the report and its table."""
        super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(argument_spec=SPEC)
        try:
            return self._told((task_vars or {})["hostvars"], args)
        except OSError as error:
            return {"failed": True, "msg": f"{error.filename}: {error.strerror}."}
        except Exception as error:
            return {"failed": True, "msg": unexpected(error)}

    def _told(self, hostvars: Any, args: Mapping[str, Any]) -> dict[str, Any]:
        clusters = _gathered.clusters(hostvars)
        answers = _gathered.answers(hostvars, clusters, "availability_answer")
        found = _accounts.report(clusters, answers)
        if args["output"] and not self._task.check_mode:
            _gathered.write(args["output"], json.dumps(found, indent=1) + "\n")
        table = _accounts.table(found)
        return {"changed": bool(args["output"]), "report": found, "table": table}
