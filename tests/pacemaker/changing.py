# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module pacemaker_cib, whose commands run in a container."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from ansible_collections.failover.cluster.plugins.modules import pacemaker_cib

from tests.pacemaker import room

DEFAULTS = {"interrupt": [], "leaving": [], "attempts": 5}


def tools(
    node: str = "node1", meanwhile: Callable[[Sequence[str]], None] = lambda _argv: None
) -> Any:
    """The tools of Pacemaker on a node. meanwhile: what happens before each command."""

    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        meanwhile(argv)
        return room.asked(node, *argv)

    return pacemaker_cib.Tools(run, str(room.SHARED))


def change(configuration: str, check: bool = False, by: Any = None, **given: Any) -> dict[str, Any]:
    """What the module says, or its refusal."""
    params = {**DEFAULTS, "configuration": configuration, **given}
    module = SimpleNamespace(params=params, check_mode=check)
    try:
        said: dict[str, Any] = pacemaker_cib.changed(module, by or tools())
    except (ValueError, pacemaker_cib._cib.Foreign) as error:
        return {"refused": str(error)}
    return said
