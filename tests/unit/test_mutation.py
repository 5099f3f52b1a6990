# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bugs that a program draws: their names outlive moves of code, and each survivor is explained."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mutation import campaign, detect
from tests.mutation.points import Point, of_files

RULE = '''
def late(now: float, due: float) -> bool:
    """F01."""
    if due is None:
        return False
    return now >= due and not (now < 5.0)
'''


POINTS = campaign.all_points()


def named(files: dict[str, str]) -> list[str]:
    return [point.name for point in of_files(files)]


def test_a_name_is_the_function_and_its_words_in_whatever_file_and_line() -> None:
    here = named({"a.py": RULE})
    assert "late: now >= due -> now > due" in here
    assert "late: due is None -> True" in here
    assert here == named({"rules/b.py": f"import math\n\n{RULE}"})
    assert len(set(named({"a.py": RULE, "b.py": RULE}))) == 2 * len(here)


def test_each_bug_of_today_has_its_own_name_and_is_a_program() -> None:
    found = POINTS
    assert len({point.name for point in found}) == len(found) > 500


def test_what_is_written_down_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in campaign.explained().values())


def test_the_same_commit_draws_the_same_slice() -> None:
    found = POINTS
    assert campaign.draw(found, 20, "abc") == campaign.draw(found, 20, "abc")
    assert campaign.draw(found, 20, "abc") != campaign.draw(found, 20, "abd")


def test_a_bug_that_the_first_world_meets_is_caught_and_no_bug_is_not() -> None:
    source = (detect.CORE / "message.py").read_text(encoding="utf-8")
    place = len(source.encode())
    nothing = Point("message.py", "", 0, "none", "", "", place, place)
    broken = Point("message.py", "", 0, "none", "", "\nraise ValueError\n", place, place)
    effort = detect.Effort(seeds=1, tests=())
    hints = {broken: "import: ValueError", nothing: ""}
    for bug, wanted in hints.items():
        assert campaign._apart(bug, effort, []) == wanted


@pytest.mark.parametrize("explained", [True, False])
def test_a_survivor_that_nobody_explained_is_told(
    explained: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    survivor = POINTS[0]
    table = {survivor.name: "it only makes a sentence"} if explained else {}
    monkeypatch.setattr(campaign, "read", lambda path: table if path.stem == "uncaught" else {})
    told: dict[str, Any] = campaign.report([campaign.Caught(survivor, "")], of=9)
    assert (told["uncaught"], len(told["survivors"])) == ((1, 0) if explained else (0, 1))
