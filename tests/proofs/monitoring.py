# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every failure that no heartbeat sees, played with real kernels on a fresh cluster; OCF agents."""

from __future__ import annotations

from typing import Any

from . import _labtests, agents

TESTS = (
    "tests/kernels/long/test_monitoring.py",
    "tests/kernels/long/test_disks.py",
    "tests/kernels/long/test_applications.py",
)
DECISION_S = 0.2
"""From the death of PostgreSQL's first process to the decision."""
GAP_S = 4.0
"""Without an acknowledged row while it is restarted in place."""


def prove() -> list[dict[str, Any]]:
    """One row for each failure, the two times that are promised, and one row for each agent."""
    return [*judged(_labtests.run("monitoring", TESTS)), *agents.on("bookworm")]


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, and one more for each promise about a killed PostgreSQL."""
    killed: dict[str, Any] = {}
    for row in rows:
        if "kill_to_decision_s" in row["figures"]:
            killed = row["figures"]
    result = list(rows)
    for figure, what, limit in (
        ("kill_to_decision_s", "a killed PostgreSQL is decided on at once", DECISION_S),
        ("longest_gap_s", "a killed PostgreSQL is soon back", GAP_S),
    ):
        seen = killed.get(figure)
        ok = isinstance(seen, int | float) and seen < limit
        result.append({"what": what, "ok": ok, "figures": {"seconds": seen, "limit_s": limit}})
    return result
