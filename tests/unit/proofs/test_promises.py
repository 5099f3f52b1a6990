# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promise of the collection is kept only by tests that are there, ran and passed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs import _promises

PLACE = "tests.unit.collection"
REPORT = f"""<testsuites><testsuite>
<testcase classname="{PLACE}.test_x" name="test_kept[a]" time="0.1" />
<testcase classname="{PLACE}.test_x" name="test_kept[b]" time="0.1"><properties /></testcase>
<testcase classname="{PLACE}.test_x" name="test_broken[a]" time="0.1" />
<testcase classname="{PLACE}.test_x" name="test_broken[b]"><failure message="no" /></testcase>
<testcase classname="{PLACE}.test_x" name="test_left_out"><skipped message="no" /></testcase>
<testcase classname="{PLACE}.test_y" name="test_elsewhere" />
</testsuite></testsuites>"""


def test_only_tests_that_ran_and_passed_keep_a_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("kept", "broken", "left_out", "elsewhere")
    promised = {name: ("test_x", f"test_{name}") for name in names}
    monkeypatch.setattr(_promises, "PROMISES", promised)
    path = tmp_path / "report.xml"
    path.write_text(REPORT, encoding="utf-8")
    found = {row["what"]: row for row in _promises.rows(path)}
    assert [found[name]["ok"] for name in names] == [True, False, False, False]
    assert found["broken"]["figures"] == {"tests": 2, "why": "test_broken[b]: see make unit"}
    assert not any(row["ok"] for row in _promises.rows(tmp_path / "missing.xml"))
