# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator catches bugs: a few of the mutants here, all of them by make mutants."""

from __future__ import annotations

from .mutants import campaign
from .mutants.table import MUTANTS

FEW = 300


def test_every_mutant_fits_the_code_as_it_is() -> None:
    assert len(MUTANTS) >= 40
    assert len({mutant.what for mutant in MUTANTS}) == len(MUTANTS)
    for mutant in MUTANTS:
        compile(campaign.applied(mutant), mutant.file, "exec")


def test_what_is_known_to_catch_a_mutant_is_of_the_table() -> None:
    """make mutants plays it first, and looks for another world if it does not any more."""
    seeds = campaign.known()
    assert seeds.keys() <= {mutant.what for mutant in MUTANTS}
    assert max(seeds.values()) <= campaign.MOST


def test_the_quick_mutants_are_caught() -> None:
    quick = tuple(mutant for mutant in MUTANTS if mutant.quick)
    results = list(campaign.run_all(quick, most=FEW))
    assert [caught.what for caught in results if not caught.invariant] == []
