# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule passes over a folder of tests that is not there, so each one that it names is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
SCENARIOS = sorted((ROOT / "molecule").glob("*/molecule.yml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=[path.parent.name for path in SCENARIOS])
def test_every_folder_that_a_scenario_verifies_has_tests(path):
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    steps = [step.split() for step in config["scenario"]["test_sequence"]]
    verified = [place for step, *places in steps if step == "verify" for place in places]
    if config.get("verifier", {}).get("name") == "ansible":
        assert not verified and (path.parent / "verify.yml").exists()
        return
    assert verified
    for place in verified:
        assert list((path.parent / place).glob("test_*.py")), place
    for step, *places in steps:
        if step == "side_effect":
            assert all((path.parent / place).exists() for place in places), places
