# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists is taken over by the steps of docs/importing.md, and goes back: on real kernels.

docs/support.md names what is not played yet.
"""

from __future__ import annotations

from typing import Any

from . import _labtests

CORPUS = "configurations of Heartbeat, DRBD, Pacemaker and single servers: imported or refused"
PAIR = "tests/kernels/takeover/test_pair.py"


def prove() -> list[dict[str, Any]]:
    """The corpus without a lab, then each step of the takeover of a pair of DRBD."""
    corpus = _labtests.suite(CORPUS, "takeover-corpus", ["tests/unit/imports"])
    rows = _labtests.run("takeover", [PAIR], "takeover")
    return [corpus, *judged(rows)]


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in words."""
    return [
        {**row, "what": f"a pair of DRBD made by hand: {row['what'].replace('_', ' ')}"}
        for row in rows
    ]
