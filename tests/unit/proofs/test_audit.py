# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding is closed when tests that name it passed, on real kernels where it needs them."""

from __future__ import annotations

from pathlib import Path

from tests.proofs._marked import Answer, read
from tests.proofs.audit import judged

REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_one"><properties>
  <property name="finding" value="S7" /><property name="finding" value="S8" />
  </properties></testcase>
<testcase classname="tests.unit.test_a" name="test_two"><properties>
  <property name="finding" value="S7" /></properties><failure message="no"/></testcase>
<testcase classname="tests.unit.test_a" name="test_three" />
</testsuite></testsuites>"""


def test_a_report_is_read_by_the_numbers_that_its_tests_name(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text(REPORT, encoding="utf-8")
    assert read(path, "finding") == {
        "S7": [Answer("test_a::test_one", True, False), Answer("test_a::test_two", False, False)],
        "S8": [Answer("test_a::test_one", True, False)],
    }
    assert read(tmp_path / "missing.xml", "finding") == {}


def test_a_row_needs_tests_that_passed_and_real_kernels_where_it_is_a_matter_of_kernels() -> None:
    answers = {
        "S7": [Answer("a", True, False)],
        "S8": [Answer("a", True, False), Answer("b", False, False)],
        "S1": [Answer("a", True, False)],
        "S2": [Answer("a", True, False), Answer("b", True, True)],
    }
    ok = {row["what"]: row["ok"] for row in judged(answers)}
    assert len(ok) == 33 + 11 + 25 + 20
    assert [name for name, good in ok.items() if good] == ["S2", "S7"]
