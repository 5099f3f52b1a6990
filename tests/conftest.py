# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers of tests that are evidence for a proof.

``@pytest.mark.finding("S1", "H9")`` answers findings of the audit: ``make show WHAT=audit``.
``@pytest.mark.house("storage")`` shows how the house is built: ``make show WHAT=house``.
The words go into the JUnit report, from which the proof makes its rows.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.limits",)

# A busy machine is no reason to fail.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

WORDS = {
    "finding": re.compile(r"[SXHI][1-9][0-9]?"),
    "house": re.compile(r"imports|application|storage|engine|variables"),
}
"""Of each marker: the words that it knows."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write the words into the report of each test."""
    for item in items:
        for marker, known in WORDS.items():
            for mark in item.iter_markers(marker):
                for word in mark.args:
                    if not known.fullmatch(word):
                        raise pytest.UsageError(f"{item.nodeid}: {marker} does not know {word}")
                    item.user_properties.append((marker, word))
