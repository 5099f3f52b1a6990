# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A row of the house is ok only when something was counted, run or read, and it is as promised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.proofs import house
from tests.proofs._marked import Answer


def lines(path: Path, count: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x = 1\n" * count, encoding="utf-8")
    return path


def test_the_core_and_its_rules_are_counted_with_their_folders(tmp_path: Path) -> None:
    assert not house.core(tmp_path)["ok"]
    lines(tmp_path / "state.py", 100)
    lines(tmp_path / "step.py", 10)
    assert house.evening(tmp_path)["figures"]["why"] == "the core has no facts.py, rules"
    lines(tmp_path / "facts.py", 20)
    lines(tmp_path / "rules/peer.py", 30)
    assert house.evening(tmp_path)["ok"]
    assert house.evening(tmp_path)["figures"]["lines"] == 60
    assert house.core(tmp_path)["figures"]["lines"] == 160
    (tmp_path / "state.py").write_text('"""Two\nlines."""\n\n# why\nx = 1\n', encoding="utf-8")
    assert house.core(tmp_path)["figures"]["code"] == 61
    lines(tmp_path / "rules/owner.py", house.CORE_LINES)
    assert not house.evening(tmp_path)["ok"]
    assert not house.core(tmp_path)["ok"]


def test_a_word_needs_tests_and_all_of_them_passed() -> None:
    good, bad = Answer("a", True, False), Answer("b", False, False)
    assert house.marked("storage", [good])["ok"]
    assert house.marked("storage", [good, bad])["figures"]["failed"] == ["b"]
    assert not house.marked("storage", [good, bad])["ok"]
    assert 'house("engine")' in house.marked("engine", [])["figures"]["why"]
    assert not house.marked("engine", [])["ok"]


def test_short_files_must_not_be_many(tmp_path: Path) -> None:
    many = [lines(tmp_path / f"{n}.py", 200) for n in range(3)]
    assert house.files(many)["ok"]
    assert not house.files([*many, *(lines(tmp_path / f"s{n}.py", 9) for n in range(3))])["ok"]


GOOD: dict[str, Any] = {
    "legs": {
        "ok": True,
        "whole": True,
        "seconds": 800,
        "processors": 2,
        "worked_seconds": 1500,
        "legs": [{"name": "lab", "seconds": 1}],
    },
    "simulation": {"seeds": 9, "violations": []},
    "mutants": [{"what": "a", "invariant": "S1"}],
    "mutation": {"bugs": 3, "caught": 2, "equivalent": 1, "of": 9, "survivors": []},
    "lockstep": {"ok": True, "seeds": 9},
}
BAD: list[tuple[str, Any]] = [
    ("legs", {**GOOD["legs"], "ok": False}),
    ("legs", {**GOOD["legs"], "whole": False}),
    ("legs", {**GOOD["legs"], "seconds": 1801}),
    ("simulation", {"seeds": 9, "violations": [{"seed": 3}]}),
    ("simulation", {"seeds": 0, "violations": []}),
    ("mutants", []),
    ("mutants", [{"what": "a", "invariant": ""}]),
    ("mutation", {**GOOD["mutation"], "survivors": [{"where": "a"}]}),
    ("lockstep", {"ok": False, "seeds": 9}),
]


@pytest.mark.parametrize("name", GOOD)
def test_a_report_that_is_missing_is_no_proof(name: str) -> None:
    assert getattr(house, name)(GOOD[name])["ok"]
    assert not getattr(house, name)(None)["ok"]


@pytest.mark.parametrize(("name", "report"), BAD)
def test_a_report_that_tells_of_a_failure_is_no_proof(name: str, report: Any) -> None:
    assert not getattr(house, name)(report)["ok"]


def test_what_has_no_report_yet_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "BUILD", tmp_path)
    write = f"open({str(tmp_path / 'a.json')!r}, 'a').write('[1]')"
    command = (house.sys.executable, "-c", write)
    assert house._report("a.json", command) == [1]
    assert house._report("a.json", command) == [1]
