# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proofs of the lab read from pytest's report."""

from __future__ import annotations

from pathlib import Path

from tests.show import soak
from tests.show._labtests import rows
from tests.show.monitoring import judged

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
