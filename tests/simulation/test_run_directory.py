# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F72: what a boot holds is marked in the run directory, which outlives every end of the unit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from . import setting
from .clock import Violation
from .systemd import KEEPS, PRESERVE, End
from .world import World

pytestmark = pytest.mark.finding("S2")

UNIT = Path(__file__).parents[2] / "roles" / "engine_agent" / "templates" / "failoverd.service.j2"
SHARED = [seed for seed in range(1, 250) if setting.draw(seed).shared]


def broken(seed: int, preserve: str) -> str:
    """Which invariant such a world breaks, empty if none."""
    try:
        World(seed, preserve=preserve).run()
    except Violation as found:
        return found.invariant
    return ""


def test_the_unit_file_says_what_the_simulated_systemd_is_told() -> None:
    [said] = re.findall(r"^RuntimeDirectoryPreserve=(.*)$", UNIT.read_text(), re.MULTILINE)
    assert said == PRESERVE
    assert KEEPS[PRESERVE] == frozenset(End)


@pytest.mark.parametrize("preserve", ["no", "restart"])
def test_a_run_directory_that_an_end_of_the_unit_empties_is_caught(preserve: str) -> None:
    assert any(broken(seed, preserve) for seed in SHARED)


def test_the_same_worlds_keep_the_contract_with_the_unit_file_as_it_is() -> None:
    assert not [seed for seed in SHARED if broken(seed, PRESERVE)]
