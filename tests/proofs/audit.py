# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One row for each finding of the audit, by the tests that name it: ``pytest.mark.finding``."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import _labtests, _marked
from ._marked import Answer

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
    name: (long, (*tests, "-m", "finding"))
    for name, long, tests in (
        ("test", "1", ("tests/kernels/long", "tests/kernels/test_2_build.py")),
        ("shared", "shared", ("tests/kernels/shared",)),
        ("many", "many", ("tests/kernels/many",)),
        ("lease", "lease", ("tests/kernels/lease",)),
        ("changes", "changes", ("tests/kernels/changes",)),
    )
}
"""Of each lab: what LONG calls it, and where its tests are."""


def prove() -> list[dict[str, Any]]:
    """Run every test that names a finding, on real kernels where it needs them."""
    with ThreadPoolExecutor(1) as pool:
        units = pool.submit(_marked.run, "finding", "audit-units", WITHOUT_LAB)
        _labtests.side_by_side("audit", LABS)
    reports = [(units.result(), False)]
    reports += [(_labtests.report(f"audit-{name}"), True) for name in LABS]
    answers: dict[str, list[Answer]] = defaultdict(list)
    for path, lab in reports:
        for number, found in _marked.read(path, "finding", lab).items():
            answers[number] += found
    return judged(answers)


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
