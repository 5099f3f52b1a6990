# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of plugins and roles is whole, and its references lead somewhere."""

from __future__ import annotations

from tests.gates.bench import BUILD, Bench


def check(bench: Bench) -> dict[str, object]:
    """Ask antsibull-docs."""
    bench.run(
        [
            "antsibull-docs",
            "lint-collection-docs",
            "--plugin-docs",
            "--validate-collection-refs=self",
            "--disallow-unknown-collection-refs",
            ".",
        ],
        cwd=bench.tree,
        env={"ANSIBLE_COLLECTIONS_PATH": BUILD / "tree"},
    )
    return {}
