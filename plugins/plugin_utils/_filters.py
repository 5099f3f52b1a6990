# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every filter of the collection does around its function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from . import _net
from ._problems import Problem


def guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function so that it fails with one sentence: filter, value, rule."""

    @functools.wraps(function)
    def run(value: Any, *args: Any, **options: Any) -> Any:
        try:
            _net.need()
            return function(value, *args, **options)
        except Problem as problem:
            raise AnsibleFilterError(f"failover.cluster.{name}: {problem}") from problem
        except (TypeError, ValueError) as error:
            said = f"failover.cluster.{name}: {value!r} {error}"
            raise AnsibleFilterError(said) from error

    return run
