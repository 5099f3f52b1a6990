# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galaxy would take the collection, and has nothing to remark."""

from __future__ import annotations

from tests.gates.bench import BUILD, TOOLS, Bench, Refused


def check(bench: Bench) -> dict[str, object]:
    """Ask galaxy-importer; it exits with 0 whatever it finds, so that its lines are read."""
    said = bench.run(
        [TOOLS / "python", "-m", "galaxy_importer.main", bench.tarball], cwd=BUILD / "dist"
    )
    remarks = [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR"))]
    if remarks:
        raise Refused("\n".join(remarks))
    if "Importer processing completed successfully" not in said:
        raise Refused("galaxy-importer: did not come to its end.")
    return {}
