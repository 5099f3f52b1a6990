# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file says under which licence it stands."""

from __future__ import annotations

import json

from tests.gates.bench import Bench


def check(bench: Bench) -> dict[str, object]:
    """Ask reuse."""
    said = json.loads(bench.run(["reuse", "lint", "--json"], cwd=bench.tree))
    return {"files": said["summary"]["files_total"]}
