# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of an operator on real kernels, with the client running all the time.

docs/support.md names what is not played yet.
"""

from __future__ import annotations

from typing import Any

from . import _labtests

LABS = {
    "operate": "two copies are verified, grown and healed, and a dead machine is replaced",
    "changes": "services, addresses and keys of a running cluster",
    "versions": "a database gets another major version",
    "release": "the nodes get the next release of Debian",
}
"""Directories of tests/kernels, each with hosts of its own."""


def prove() -> list[dict[str, Any]]:
    """One row for each test."""
    return [
        {**row, "what": f"{what}: {row['what'].replace('_', ' ')}"}
        for name, what in LABS.items()
        for row in _labtests.run(f"operate-{name}", [f"tests/kernels/{name}"], name)
    ]
