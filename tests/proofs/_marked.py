# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of one pytest marker, and reads which word each of them names."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import _labtests

LIMIT_S = 3600.0


@dataclass(frozen=True)
class Answer:
    """One test that names a word. lab: it was played on real kernels."""

    test: str
    ok: bool
    lab: bool


def run(marker: str, name: str, tests: Sequence[str]) -> Path:
    """Run the tests with this marker, without a lab; returns pytest's report, NAME.xml.

    They stand back (nice) behind a lab that runs beside them.
    """
    path = _labtests.report(name)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["nice", "-n", "5", sys.executable, "-m", "pytest", "-q", "-m", marker, *tests]
    environment = {**os.environ, "SEEDS": os.environ.get("SEEDS", "200")}
    subprocess.run(
        [*command, "--junitxml", str(path)],
        cwd=_labtests.CHECKOUT,
        env=environment,
        check=False,
        timeout=LIMIT_S,
    )
    return path


def read(path: Path, marker: str, lab: bool = False) -> dict[str, list[Answer]]:
    """The tests of a JUnit file by the words that they name."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    if not path.exists():
        return {}
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name', '?')}"
        bad = any(child.tag in ("failure", "error", "skipped") for child in case)
        for child in case.iter("property"):
            if child.get("name") == marker:
                tests = found[str(child.get("value"))]
                # A test that errs at its end has two entries.
                tests[name] = tests.get(name, True) and not bad
    return {
        word: [Answer(name, ok, lab) for name, ok in tests.items()] for word, tests in found.items()
    }
