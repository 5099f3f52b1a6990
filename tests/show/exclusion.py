# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may run a service and on what proof, played with real kernels on a fresh cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from lab import Lab

CHECKOUT = Path(__file__).resolve().parents[2]
RESULTS = CHECKOUT / "build" / "show" / "exclusion.xml"
TESTS = ("tests/lab/test_3_faults.py", "tests/lab/long", "tests/lab/test_4_journals.py")


def prove() -> list[dict[str, Any]]:
    """Every fault test of the lab, the long ones included; one row each."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.unlink(missing_ok=True)
    # REUSE: after a test that leaves a ruin behind, the next one begins with the saved cluster.
    environment = {**os.environ, "LONG": "1", "REUSE": "1"}
    command = [sys.executable, "-m", "pytest", "-v", *TESTS, "--junitxml", str(RESULTS)]
    lab = Lab("test")
    lab.down(purge=True)
    try:
        subprocess.run(command, cwd=CHECKOUT, env=environment, check=False)
    finally:
        lab.down(purge=True)
    if not RESULTS.exists():
        return [{"what": "the lab tests", "ok": False, "figures": {"why": "pytest wrote nothing"}}]
    return rows(RESULTS)


def rows(path: Path) -> list[dict[str, Any]]:
    """One row for each test of a JUnit file; a test that errs at its end is not ok."""
    found: dict[str, dict[str, Any]] = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        name = case.get("name", "?").removeprefix("test_")
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        row = found.setdefault(name, {"what": name, "ok": True, "figures": {}})
        row["ok"] = row["ok"] and not bad
        row["figures"]["seconds"] = round(float(case.get("time", 0.0)), 1)
        for child in case.iter("property"):
            row["figures"][child.get("name")] = _number(child.get("value", ""))
        if bad:
            row["figures"]["why"] = bad[0].get("message", "")[:300]
    return list(found.values())


def _number(text: str) -> int | float | str:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
