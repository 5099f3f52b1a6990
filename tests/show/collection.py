# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as a collection: every gate, and every scenario in containers on both suites."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "build" / "gates" / "report.json"
SUITES = ("bookworm", "trixie")
SCENARIOS = ("default", "preflight", "roles")


def prove() -> list[dict[str, Any]]:
    """Run ``make gates``, then each scenario on each suite."""
    REPORT.unlink(missing_ok=True)
    _make("gates")
    results: list[dict[str, Any]] = []
    if REPORT.exists():
        results = json.loads(REPORT.read_text(encoding="utf-8"))
    else:
        results = [{"what": "make gates", "ok": False, "figures": {"why": "wrote no report"}}]
    for suite in SUITES:
        for scenario in SCENARIOS:
            began = time.monotonic()
            ok = _make("molecule", f"SUITES={suite}", f"SCENARIOS={scenario}")
            seconds = round(time.monotonic() - began, 1)
            what = f"Molecule scenario {scenario} on {suite}"
            results.append({"what": what, "ok": ok, "figures": {"seconds": seconds}})
    return results


def _make(*words: str) -> bool:
    return subprocess.run(["make", *words], cwd=ROOT, check=False).returncode == 0
