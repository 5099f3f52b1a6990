# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What developers run before each commit works: each hook, on a file of its kind.

All files pass the same tools in ``make lint`` and in the gates licences and changelog.
"""

from __future__ import annotations

import yaml

from tests.gates.bench import BUILD, ROOT, TOOLS, Bench, Refused

FILES = ("tests/gates/precommit.py", "galaxy.yml", "changelogs/config.yaml")


def check(bench: Bench) -> dict[str, object]:
    """Run pre-commit; its hooks are the tools of this checkout, nothing is fetched."""
    config = (bench.tree / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hooks = [hook["id"] for repo in yaml.safe_load(config)["repos"] for hook in repo["hooks"]]
    env = {
        "PRE_COMMIT_HOME": BUILD / "pre-commit",
        "PATH": f"{TOOLS}:{ROOT}/build/venv/bin:/usr/bin:/bin",
    }
    said = bench.run(["pre-commit", "run", "--files", *FILES], cwd=bench.tree, env=env)
    passed = said.count("Passed")
    if passed != len(hooks):
        raise Refused(f"pre-commit: {passed} of {len(hooks)} hooks found a file:\n{said}")
    return {"hooks": passed}
