# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What unit tests say of the collection's metadata and filters: one row for each promise."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "unit" / "collection"
REPORT = ROOT / "build" / "show" / "promises.xml"
PROMISES = {
    "every module with attributes of one fragment": ("test_metadata", "test_a_module_states_its_"),
    "EXAMPLES by full names": ("test_metadata", "test_a_plugin_shows_how_it_is_used_"),
    "RETURN with samples": ("test_metadata", "test_every_value_that_is_returned_"),
    "action groups with every module": ("test_metadata", "test_every_module_takes_the_defaults_"),
    "requires_ansible is what is tried": ("test_metadata", "test_the_versions_of_ansible_core_"),
    "argument_specs equal to defaults": ("test_metadata", "test_the_defaults_of_a_role_"),
    "filters, tested by properties (hypothesis)": ("test_filters", "test_"),
}
"""What is promised: the file of its tests, and how their names begin."""


def prove() -> list[dict[str, Any]]:
    """Run the tests and read pytest's report."""
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.unlink(missing_ok=True)
    files = sorted({str(TESTS / f"{name}.py") for name, _begin in PROMISES.values()})
    command = [sys.executable, "-m", "pytest", "-q", *files, "--junitxml", str(REPORT)]
    subprocess.run(command, cwd=ROOT, check=False)
    return rows(REPORT)


def rows(path: Path) -> list[dict[str, Any]]:
    """One row for each promise; it is kept when it has tests, and all of them ran and passed."""
    cases = list(ET.parse(path).getroot().iter("testcase")) if path.exists() else []
    found = []
    for what, (file, begin) in PROMISES.items():
        mine = [case for case in cases if _belongs(case, file, begin)]
        bad = [case.get("name", "?") for case in mine if _failed(case)]
        figures: dict[str, Any] = {"tests": len(mine)}
        if bad or not mine:
            figures["why"] = f"{', '.join(bad) or 'no test'}: see make unit"
        found.append({"what": what, "ok": bool(mine) and not bad, "figures": figures})
    return found


def _belongs(case: ET.Element, file: str, begin: str) -> bool:
    place = case.get("classname", "").rpartition(".")[2]
    return place == file and case.get("name", "").startswith(begin)


def _failed(case: ET.Element) -> bool:
    return any(child.tag in ("failure", "error", "skipped") for child in case)
