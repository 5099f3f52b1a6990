# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What developers run before each commit passes on all files."""

from __future__ import annotations

from tests.gates.bench import BUILD, ROOT, TOOLS, Bench


def check(bench: Bench) -> dict[str, object]:
    """Run pre-commit; its hooks are the tools of this checkout, nothing is fetched."""
    bench.run(["pre-commit", "validate-config"], cwd=bench.tree)
    env = {
        "PRE_COMMIT_HOME": BUILD / "pre-commit",
        "PATH": f"{TOOLS}:{ROOT}/build/venv/bin:/usr/bin:/bin",
    }
    said = bench.run(["pre-commit", "run", "--all-files"], cwd=bench.tree, env=env)
    return {"hooks": said.count("Passed")}
