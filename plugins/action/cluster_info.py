# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the engine of a node with the engine's own commands; only who waits needs a module there.

To send a module and have Python compile it costs a node more than the answer, and a fleet has
hundreds of nodes.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.failover.cluster.plugins.module_utils import _engines


class ActionModule(ActionBase):
    """The question of the module cluster_info, over the connection where that is enough."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._task.args:
            return {**result, **self._execute_module(task_vars=task_vars)}
        try:
            status = _engines.status(self._command)
        except (ValueError, SyntaxError) as error:
            # Neither JSON nor XML; what a node says is not quoted.
            told = f"the engine of the node gives no readable answer: {type(error).__name__}."
            return {**result, "failed": True, "msg": told, "status": {}}
        if not status:
            return {**result, "failed": True, "msg": _engines.NOT_RUNNING, "status": {}}
        return {**result, "changed": False, "status": status}

    def _command(self, argv: Sequence[str]) -> tuple[int, str, str]:
        # A connection with a terminal mixes errors into the output, which is to be parsed.
        said = self._low_level_execute_command(f"{shlex.join(argv)} 2>/dev/null")
        return int(said["rc"]), str(said["stdout"]), ""
