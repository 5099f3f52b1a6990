# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real OCF agents of Debian 12 with what they drive, each started, broken, healed and stopped."""

from __future__ import annotations

import json
import sys
from typing import Any

from lab.errors import LabError
from tests.agents import container
from tests.agents.cases import CASES, Case

LONGEST_S = 590.0
"""For one agent: its slowest actions, and twice its interval."""


def prove() -> list[dict[str, Any]]:
    """One row for each agent."""
    try:
        with container.raised():
            return [_row(name, case) for name, case in CASES.items()]
    except LabError as error:
        return [failed("the container of the agents", error)]


def _row(name: str, case: Case) -> dict[str, Any]:
    print(f"trying ocf:{case.agent}", file=sys.stderr, flush=True)
    command = ("python3", "-s", "-m", "tests.agents.inside", name)
    try:
        said = container.as_daemon(*command, timeout=LONGEST_S)
        row: dict[str, Any] = json.loads(said.splitlines()[-1])
        return row
    except (LabError, ValueError, IndexError) as error:
        return failed(f"ocf:{case.agent}", error)


def failed(what: str, error: Exception) -> dict[str, Any]:
    """The row of what could not be tried at all."""
    return {"what": what, "ok": False, "figures": {"why": str(error)[:300]}}
