# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until what a DRBD device does has ended, and tells how far it is."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.failover.cluster.plugins.plugin_utils import _resync

INFO = "failover.cluster.drbd_info"
SOON_S, SOON_POLL_S, POLL_S = 10.0, 1.0, 5.0
"""A short one is not held up; a long one is not asked all the time."""
display = Display()


class ActionModule(ActionBase):
    """The module drbd_info, until there is nothing left to wait for."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the last look at the device."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(
            argument_spec={"name": {"type": "str", "required": True}}
        )
        if self._task.check_mode:
            return {**result, "changed": False}
        host = str((task_vars or {}).get("inventory_hostname", ""))
        began = time.monotonic()
        wait = _resync.Wait(args["name"], host)
        while True:
            said = self._execute_module(module_name=INFO, module_args=args, task_vars=task_vars)
            if said.get("failed"):
                return {**result, **said}
            now = time.monotonic() - began
            line = wait.look(said["device"], now)
            if line:
                display.display(line)
            if wait.over:
                break
            time.sleep(SOON_POLL_S if now < SOON_S else POLL_S)
        if wait.problem:
            return {**result, "failed": True, "msg": wait.problem}
        return {**result, "changed": False, "device": said["device"], "seconds": round(now, 1)}
