# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name, and drops everything from its answer that is not a secret."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.failover.cluster.plugins.plugin_utils import _told


class ActionModule(ActionBase):
    """The module runs on the node, so the node can say what it likes: the control host judges."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the secrets, and as problem a sentence that holds none of them."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        result.update(self._execute_module(task_vars=task_vars))
        node = str(self._task.delegate_to or (task_vars or {}).get("inventory_hostname", ""))
        reading = not any(self._task.args.get(key) for key in ("known", "generate", "renew"))
        if result.get("failed") and reading and not result.get("unreachable"):
            # The task says nothing (no_log), so the next one has to tell.
            return {"changed": False, "secrets": {}, "problem": f"{node}: {result.get('msg', '')}"}
        if not result.get("failed"):
            result["secrets"], result["problem"] = _told.secrets(node, result.get("secrets"))
        return result
