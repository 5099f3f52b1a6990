# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One part of the tests that fails is the failure of all, and its last words are shown."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests import legs


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legs, "LOGS", tmp_path / "test")
    monkeypatch.setattr(legs, "CHECKOUT", tmp_path)


def test_all_parts_run_and_one_failure_counts(capsys: pytest.CaptureFixture[str]) -> None:
    good = legs.Leg("good", ("/bin/sh", "-c", "echo 3 passed"))
    bad = legs.Leg("bad", ("/bin/sh", "-c", "echo the reason; exit 3"), nice=5)
    assert legs.play([bad, good]) == 1
    said = capsys.readouterr().out
    assert "bad: FAILED (3)" in said
    assert "--- bad: the end of test/bad.log\nthe reason" in said
    assert said.endswith("1 passed, 1 failed\n")
    report = json.loads((legs.LOGS / "legs.json").read_text(encoding="utf-8"))
    assert (report["ok"], report["whole"]) == (False, False)
    assert [leg["ok"] for leg in report["legs"]] == [False, True]
    assert report["worked_seconds"] >= 0
    assert legs.play([good]) == 0
    assert "ok     good" in capsys.readouterr().out


def test_the_work_of_the_machine_is_counted() -> None:
    before, own = legs.worked_s(), time.process_time()
    while time.process_time() - own < 0.2:
        pass
    assert legs.worked_s() > before


def test_a_run_is_whole_only_with_every_part() -> None:
    runs = [legs.Run(leg, code=0) for leg in legs.LEGS]
    assert legs.told(runs, 1.0, 1.0)["whole"]
    assert legs.told(runs, 1.0, 1.0)["ok"]
    assert not legs.told(runs[1:], 1.0, 1.0)["whole"]
