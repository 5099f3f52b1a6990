# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may run a service and on what proof, played with real kernels on a fresh cluster."""

from __future__ import annotations

from typing import Any

from . import _labtests

LONG = ("test_fencing.py", "test_data.py", "test_resources.py")
TESTS = (
    "tests/lab/test_3_faults.py",
    *(f"tests/lab/long/{name}" for name in LONG),
    "tests/lab/test_4_journals.py",
)
SHARED = ("tests/lab/shared",)


def prove() -> list[dict[str, Any]]:
    """Every fault test of the lab that is about exclusion and data; one row each."""
    replicated = _labtests.run("exclusion", TESTS)
    return replicated + _labtests.run("exclusion-shared", SHARED, long="shared")
