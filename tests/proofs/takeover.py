# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists is taken over by the steps of docs/importing.md, and goes back: on real kernels.

docs/support.md names what is not played yet.
"""

from __future__ import annotations

from typing import Any

from . import _labtests

CORPUS = "configurations of Heartbeat, DRBD, Pacemaker and single servers: imported or refused"
HEARTBEAT = "tests/kernels/takeover/test_heartbeat.py"
KEPT = "tests/kernels/takeover/test_kept.py"
PAIR = "tests/kernels/takeover/test_pair.py"
SINGLE = "tests/kernels/takeover/test_single.py"
SYSTEMS = {
    HEARTBEAT: "a cluster of Heartbeat",
    KEPT: "a file system that stays on its disk",
    PAIR: "a pair of DRBD made by hand",
    SINGLE: "a single server",
}
"""Tests that follow each other on the same hosts -> what is taken over."""


def prove() -> list[dict[str, Any]]:
    """The corpus without a lab, then each step of each takeover, on hosts that are raised anew."""
    corpus = _labtests.suite(CORPUS, "takeover-corpus", ["tests/unit/imports"])
    rows = [
        row
        for number, (tests, what) in enumerate(SYSTEMS.items(), 1)
        for row in judged(what, _labtests.run(f"takeover-{number}", [tests], "takeover"))
    ]
    return [corpus, *rows]


def judged(what: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in words."""
    return [{**row, "what": f"{what}: {row['what'].replace('_', ' ')}"} for row in rows]
