# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies the data of a service that runs, and tells how far it is."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

FOLLOW = "failover.cluster.adoption_follow"
SPEC = {
    "work": {"type": "dict", "required": True},
    "direction": {"type": "str", "choices": ["forth", "back"], "default": "forth"},
}
SOON_S, LATER_S = 2.0, 10.0
"""A short copy is not held up; a long one does not fill the screen."""
display = Display()


class ActionModule(ActionBase):
    """The module adoption_follow, until everything follows."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return how long it took."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(argument_spec=SPEC)
        if self._task.check_mode:
            return {**result, "changed": True, "seconds": 0.0}
        began, told = time.monotonic(), ""
        while True:
            now = time.monotonic() - began
            seconds = SOON_S if now < LATER_S else LATER_S
            said = self._execute_module(
                module_name=FOLLOW, module_args={**args, "seconds": seconds}, task_vars=task_vars
            )
            if said.get("failed"):
                return {**result, **said}
            for line in said["lines"]:
                if line != told:
                    display.display(f"    {line}")
                told = line
            if said["done"]:
                return {**result, "changed": True, "seconds": round(time.monotonic() - began, 1)}
