# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real OCF agents of Debian with what they drive, each started, broken, healed and stopped."""

from __future__ import annotations

import json
import sys
from typing import Any

from lab.errors import LabError
from tests.containers import container
from tests.containers.cases import CASES, Case

LONGEST_S = 590.0
"""For one agent: its slowest actions, and twice its interval."""


SUITES = ("bookworm", "trixie")


def prove() -> list[dict[str, Any]]:
    """One row for each agent on each suite."""
    return [row for suite in SUITES for row in on(suite)]


def on(suite: str) -> list[dict[str, Any]]:
    """One row for each agent."""
    try:
        with container.raised(suite):
            return [_row(name, case, suite) for name, case in CASES.items()]
    except LabError as error:
        return [failed(f"the container of the agents on {suite}", error)]


def _row(name: str, case: Case, suite: str) -> dict[str, Any]:
    what = f"ocf:{case.agent} on {suite}"
    print(f"trying {what}", file=sys.stderr, flush=True)
    command = ("python3", "-s", "-m", "tests.containers.inside", name)
    try:
        said = container.as_daemon(*command, timeout=LONGEST_S)
        row: dict[str, Any] = json.loads(said.splitlines()[-1])
        return {"what": what, **row}
    except (LabError, ValueError, IndexError) as error:
        return failed(what, error)


def failed(what: str, error: Exception) -> dict[str, Any]:
    """The row of what could not be tried at all."""
    return {"what": what, "ok": False, "figures": {"why": str(error)[:300]}}
