# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as a collection: every gate, its metadata, and every scenario on both suites."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from . import _promises

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "build" / "gates" / "report.json"
LINTERS = {
    "yamllint strict": ("yamllint", "--strict", "."),
    "ansible-lint, profile production": ("ansible-lint", "--offline"),
}
SUITES = ("bookworm", "trixie")
# The last one is no container: it raises a lab of real kernels, which takes long.
SCENARIOS = ("default", "preflight", "roles", "drbd")


def prove() -> list[dict[str, Any]]:
    """Run ``make gates``, then each scenario on each suite with the collection as installed."""
    REPORT.unlink(missing_ok=True)
    ok = _run("make", "gates")
    results: list[dict[str, Any]] = [{"what": "make gates", "ok": ok, "figures": {}}]
    if REPORT.exists():
        results += json.loads(REPORT.read_text(encoding="utf-8"))
    results += [_timed(what, *command) for what, command in LINTERS.items()]
    results += _promises.prove()
    for scenario in SCENARIOS:
        for suite in SUITES:
            what = f"Molecule scenario {scenario} on {suite}, from the installed collection"
            results.append(
                _timed(what, "make", "molecule", f"SUITES={suite}", f"SCENARIOS={scenario}")
            )
    return results


def _timed(what: str, *command: str) -> dict[str, Any]:
    began = time.monotonic()
    ok = _run(*command)
    return {"what": what, "ok": ok, "figures": {"seconds": round(time.monotonic() - began, 1)}}


def _run(*command: str) -> bool:
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
