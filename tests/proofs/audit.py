# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One row for each finding of the audit, by the tests that name it: ``pytest.mark.finding``."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import _labtests

NUMBERS = [
    f"{letter}{number}"
    for letter, last in (("S", 33), ("X", 11), ("H", 25), ("I", 20))
    for number in range(1, last + 1)
]
KERNELS = frozenset(
    ["S1", "S2", "S3", "S21", "S25", "S28", "S29", "S31"]
    + [f"H{n}" for n in (1, 2, 3, 4, 5, 6, 9, 10)]
)
"""Matters of kernels and hosts: at least one of their tests is played on real ones."""
WITHOUT_LAB = ("tests/unit", "tests/simulation", "tests/exploration")
LABS = {
    "test": ("1", ("tests/kernels/long", "tests/kernels/test_2_build.py")),
    "shared": ("shared", ("tests/kernels/shared",)),
    "lease": ("lease", ("tests/kernels/lease",)),
    "many": ("many", ("tests/kernels/many",)),
    "changes": ("changes", ("tests/kernels/changes",)),
}
"""Of each lab: what LONG calls it, and where its tests are."""
LIMIT_S = 3600.0


@dataclass(frozen=True)
class Answer:
    """One test that names a finding."""

    test: str
    ok: bool
    lab: bool


def prove() -> list[dict[str, Any]]:
    """Run every test that names a finding, on real kernels where it needs them."""
    reports = [(_without_lab(), False)]
    for name, (long, tests) in LABS.items():
        report = f"audit-{name}"
        _labtests.run(report, [*tests, "-m", "finding"], long, f"audit-{name}")
        reports.append((_labtests.report(report), True))
    answers: dict[str, list[Answer]] = defaultdict(list)
    for path, lab in reports:
        for number, found in read(path, lab).items():
            answers[number] += found
    return judged(answers)


def _without_lab() -> Path:
    path = _labtests.report("audit-units")
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "finding", *WITHOUT_LAB]
    environment = {**os.environ, "SEEDS": os.environ.get("SEEDS", "200")}
    subprocess.run(
        [*command, "--junitxml", str(path)],
        cwd=_labtests.CHECKOUT,
        env=environment,
        check=False,
        timeout=LIMIT_S,
    )
    return path


def read(path: Path, lab: bool) -> dict[str, list[Answer]]:
    """The tests of a JUnit file by the findings that they name."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    if not path.exists():
        return {}
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name', '?')}"
        bad = any(child.tag in ("failure", "error", "skipped") for child in case)
        for child in case.iter("property"):
            if child.get("name") == "finding":
                tests = found[str(child.get("value"))]
                # A test that errs at its end has two entries.
                tests[name] = tests.get(name, True) and not bad
    return {
        number: [Answer(name, ok, lab) for name, ok in tests.items()]
        for number, tests in found.items()
    }


def judged(answers: dict[str, list[Answer]]) -> list[dict[str, Any]]:
    """One row a number: ok when it has tests, all passed, and one of them was played where due."""
    rows = []
    for number in NUMBERS:
        mine = answers.get(number, [])
        failed = [answer.test for answer in mine if not answer.ok]
        played = [answer.test for answer in mine if answer.lab]
        ok = bool(mine) and not failed and (bool(played) or number not in KERNELS)
        figures: dict[str, Any] = {"tests": len(mine), "on_real_kernels": len(played)}
        if failed:
            figures["failed"] = failed
        if not mine:
            figures["why"] = "no test names it"
        elif number in KERNELS and not played:
            figures["why"] = "no test on real kernels names it"
        rows.append({"what": number, "ok": ok, "figures": figures})
    return rows
