# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of DRBD does what real kernels did, in every recording that there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .recorded import play

RECORDINGS = sorted((Path(__file__).parent / "recorded").glob("*.jsonl"))


def within(few: list[object], many: list[object]) -> bool:
    """All of few are in many, in their order."""
    rest = iter(many)
    return all(item in rest for item in few)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_the_model_goes_through_what_the_kernels_went_through(path: Path) -> None:
    run = play(path)
    assert not run.refusals
    assert not run.unlike
    for node in run.nodes:
        assert within([*run.kernel[node]], [*run.model[node]]), (node, run.kernel, run.model)
        assert run.kernel[node][-1] == run.model[node][-1]


def test_the_recordings_hold_the_faults_that_matter() -> None:
    text = {path.stem.split("_")[0]: path.read_text(encoding="utf-8") for path in RECORDINGS}
    assert {"f01", "f13", "f14", "f25", "f31", "f33", "f61"} <= set(text)
    resync = [json.loads(line) for line in text["f33"].splitlines()]
    assert any("SyncTarget" in line.get("saw", ()) for line in resync)
