# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action that judges on the control host what is known there, and contacts no node."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ._problems import Problem, unexpected


class Judging(ActionBase):
    """Everything that is wrong is the message of the failed task."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    spec: dict[str, Any]
    """Its arguments."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check the arguments, and return what judge() returns."""
        super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(argument_spec=self.spec)
        try:
            return self.judge(task_vars or {}, args)
        except Problem as problem:
            return {"failed": True, "msg": str(problem)}
        except OSError as error:
            said = f"{error.filename}: {error.strerror}." if error.filename else unexpected(error)
            return {"failed": True, "msg": said}
        except Exception as error:
            return {"failed": True, "msg": unexpected(error)}

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """The result of the task; may raise Problem."""
        raise NotImplementedError
