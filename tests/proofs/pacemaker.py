# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine pacemaker on real kernels, with the client running all the time.

docs/support.md names what is not played yet.
"""

from __future__ import annotations

from typing import Any

from . import _labtests
from .exclusion import title

LABS = {
    "pacemaker": "two nodes and DRBD",
    "spare": "two active nodes, one standby, shared disks",
    "spares": "two active nodes, two standbys, shared disks",
}
"""Directories of tests/kernels, each with hosts of its own."""


def prove() -> list[dict[str, Any]]:
    """One row for each test."""
    return [
        {**row, "what": f"{what}: {title(row['what'])}"}
        for name, what in LABS.items()
        for row in _labtests.run(f"pacemaker-{name}", [f"tests/kernels/{name}"], name)
    ]
