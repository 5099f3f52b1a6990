# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that answer a finding of the audit say which: ``@pytest.mark.finding("S1", "H9")``.

The numbers go into the JUnit report, from which ``make show WHAT=audit`` makes its rows.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no reason to fail.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

NUMBER = re.compile(r"[SXHI][1-9][0-9]?")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write the numbers into the report of each test."""
    for item in items:
        for mark in item.iter_markers("finding"):
            for number in mark.args:
                if not NUMBER.fullmatch(number):
                    raise pytest.UsageError(f"{item.nodeid}: {number} is not a finding's number")
                item.user_properties.append(("finding", number))
