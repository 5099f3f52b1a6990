# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the tests of the page beside two real daemons, and of its unit in a container."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from . import _labtests

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 2400


def rows(directory: Path) -> list[dict[str, Any]]:
    """One row for each test."""
    report = directory / "load.xml"
    command = [sys.executable, "-m", "pytest", "-q", "tests/load", "--junitxml", str(report)]
    subprocess.run(command, cwd=ROOT, check=False, timeout=LIMIT_S)
    if not report.exists():
        return [{"what": "the load", "ok": False, "figures": {"why": "pytest wrote nothing"}}]
    return _labtests.rows(report)
