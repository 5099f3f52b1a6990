# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proofs of the lab read from pytest's report."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from tests.proofs import _labtests, soak
from tests.proofs._labtests import rows
from tests.proofs.monitoring import judged

REPORT = """<testsuites><testsuite>
<testcase name="test_f01_power_off" time="41.26"><properties>
  <property name="lost" value="0" /><property name="longest_gap_s" value="6.125" />
</properties></testcase>
<testcase name="test_f02_panic" time="30.0"><failure message="two nodes"/></testcase>
<testcase name="test_f03_hang" time="30.0" />
<testcase name="test_f03_hang" time="9.0"><error message="failed at the end: lost"/></testcase>
<testcase name="test_f05_off" time="0.0"><skipped message="no lab"/></testcase>
</testsuite></testsuites>"""


def test_only_a_test_that_ran_and_ended_well_is_ok(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text(REPORT, encoding="utf-8")
    found = {row["what"]: row for row in rows(path)}
    assert {name: row["ok"] for name, row in found.items()} == {
        "f01_power_off": True,
        "f02_panic": False,
        "f03_hang": False,
        "f05_off": False,
    }
    figures = {"seconds": 41.3, "lost": 0, "longest_gap_s": 6.125}
    assert found["f01_power_off"]["figures"] == figures
    assert found["f02_panic"]["figures"]["why"] == "two nodes"


def test_what_a_test_tells_stands_in_the_report(request: pytest.FixtureRequest) -> None:
    """pytest's usual form of a report has no place for it, and says so by a warning: an error."""
    assert request.config.getini("junit_family") == "xunit1"


def test_two_labs_share_the_machine_and_each_has_a_name_and_a_log_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both, seen = threading.Barrier(2, timeout=30.0), set()

    def run(name: str, tests: Sequence[str], long: str, hosts: str, log: Path) -> Any:
        both.wait(30)
        seen.add((hosts, log.name, long))
        return [{"what": test, "ok": True, "figures": {}} for test in tests]

    monkeypatch.setattr(_labtests, "run", run)
    monkeypatch.setattr(_labtests, "LAB", "test")
    labs = {"one": ("1", ("a", "b")), "shared": ("shared", ("c",))}
    found = _labtests.side_by_side("proof", labs)
    assert {name: [row["what"] for row in of] for name, of in found.items()} == {
        "one": ["a", "b"],
        "shared": ["c"],
    }
    assert seen == {
        ("proof-one", "proof-one.log", "1"),
        ("proof-shared", "proof-shared.log", "shared"),
    }


@pytest.mark.parametrize("lab", ["test", "second"])
@pytest.mark.parametrize("proof", ["exclusion", "audit"])
def test_every_lab_of_a_proof_can_have_its_name(
    monkeypatch: pytest.MonkeyPatch, proof: str, lab: str
) -> None:
    """One name was too long, which showed after half an hour."""
    labs = importlib.import_module(f"tests.proofs.{proof}").LABS
    monkeypatch.setattr(_labtests, "run", lambda *_: [])
    monkeypatch.setattr(_labtests, "LAB", lab)
    assert set(_labtests.side_by_side(proof, labs)) == set(labs)
    with pytest.raises(LabError, match="is not a name for a lab"):
        _labtests.side_by_side(proof, {**labs, "of-which-the-name-is-long": ("1", ())})


def test_a_promised_time_has_to_be_measured_and_kept() -> None:
    def verdicts(**figures: float) -> list[bool]:
        return [row["ok"] for row in judged([{"what": "f50", "ok": True, "figures": figures}])[1:]]

    assert verdicts(kill_to_decision_s=0.05, longest_gap_s=3.5) == [True, True]
    assert verdicts(kill_to_decision_s=0.25, longest_gap_s=4.5) == [False, False]
    assert verdicts(longest_gap_s=1.0) == [False, False]


def test_a_cost_has_to_be_measured_on_every_node_and_kept() -> None:
    def verdicts(**figures: float) -> list[bool]:
        return [
            row["ok"] for row in soak.judged([{"what": "idle", "ok": True, "figures": figures}])
        ]

    cheap = {"a_cpu_percent": 0.4, "a_resident_mib": 30.0}
    assert verdicts(**cheap, b_cpu_percent=0.5, b_resident_mib=31.0) == [True, True, True]
    assert verdicts(**cheap, b_cpu_percent=1.5, b_resident_mib=41.0) == [True, False, False]
    assert verdicts(**cheap) == [True, False, False]


def test_a_measurement_that_fails_is_a_promise_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(seconds: float) -> dict[str, dict[str, float]]:
        raise RuntimeError("the cluster did not settle")

    monkeypatch.setattr(soak, "measure", broken)
    rows = soak.judged([soak.idle(1.0)])
    assert [row["ok"] for row in rows] == [False, False, False]
    assert "did not settle" in rows[0]["figures"]["why"]

    def fine(seconds: float) -> dict[str, dict[str, float]]:
        return {node: {"cpu_percent": 0.5, "resident_mib": 36.0} for node in ("one", "other")}

    monkeypatch.setattr(soak, "measure", fine)
    in_the_lab = {"tokyo_percent_of_a_core_in_the_lab": 7.0, "tokyo_resident_mib": 39.0}
    rows = soak.judged([soak.idle(1.0), {"what": "lab", "ok": True, "figures": in_the_lab}])
    assert all(row["ok"] for row in rows), "the lab's processor time is not judged"
    assert rows[-1]["figures"] == {"one": 36.0, "other": 36.0, "tokyo": 39.0, "limit": 40.0}
