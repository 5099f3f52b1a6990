# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that PostgreSQL replicates, on real kernels, with the client running all the time.

docs/support.md names what is not played yet.
"""

from __future__ import annotations

from typing import Any

from . import _labtests


def prove() -> list[dict[str, Any]]:
    """One row for each fault: what was lost, the longest pause, and what a person typed."""
    rows = _labtests.run("streaming", ["tests/kernels/streaming"], "streaming")
    return [{**row, "what": row["what"].replace("_", " ")} for row in rows]
