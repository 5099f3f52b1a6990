# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fragments of the changelog can be read."""

from __future__ import annotations

from tests.gates.bench import Bench


def check(bench: Bench) -> dict[str, object]:
    """Ask antsibull-changelog."""
    bench.run(["antsibull-changelog", "lint"], cwd=bench.tree)
    return {"fragments": len(list((bench.tree / "changelogs" / "fragments").iterdir()))}
