# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bugs that a program draws: their names outlive moves of code, and each survivor is explained."""

from __future__ import annotations

from collections import Counter

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


@pytest.fixture(scope="module")
def points() -> tuple[Point, ...]:
    """The bugs of today."""
    return campaign.all_points()


def named(files: dict[str, str]) -> list[str]:
    return [point.name for point in of_files(files)]


def test_a_name_is_the_function_and_its_words_in_whatever_file_and_line() -> None:
    here = named({"a.py": RULE})
    assert "late: now >= due -> now > due" in here
    assert "late: due is None -> True" in here
    assert here == named({"rules/b.py": f"import math\n\n{RULE}"})
    assert len(set(named({"a.py": RULE, "b.py": RULE}))) == 2 * len(here)


def test_each_bug_of_today_has_its_own_name_and_is_a_program(points: tuple[Point, ...]) -> None:
    assert len({point.name for point in points}) == len(points) > 500


def test_what_is_written_down_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in campaign.explained().values())


def test_the_same_commit_draws_the_same_slice(points: tuple[Point, ...]) -> None:
    assert campaign.draw(points, 20, "abc") == campaign.draw(points, 20, "abc")
    assert campaign.draw(points, 20, "abc") != campaign.draw(points, 20, "abd")


def test_a_bug_that_the_first_world_meets_is_caught_and_no_bug_is_not() -> None:
    source = (detect.CORE / "message.py").read_text(encoding="utf-8")
    place = len(source.encode())
    nothing = Point("message.py", "", 0, "none", "", "", place, place)
    broken = Point("message.py", "", 0, "none", "", "\nraise ValueError\n", place, place)
    effort = detect.Effort(seeds=1, tests=())
    hints = {broken: "import: ValueError", nothing: ""}
    for bug, wanted in hints.items():
        assert campaign._apart(bug, effort, []) == wanted


def tables(monkeypatch: pytest.MonkeyPatch, **given: dict[str, str]) -> None:
    monkeypatch.setattr(campaign, "read", lambda path: given.get(path.stem, {}))


def test_a_survivor_is_told_until_somebody_explains_it(
    points: tuple[Point, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    survivor = points[0]
    results = [campaign.Caught(survivor, ""), campaign.Caught(points[1], "seed 1")]
    tables(monkeypatch)
    told = campaign.report(results, of=9)
    assert [bad["name"] for bad in told["survivors"]] == [survivor.name]
    tables(monkeypatch, uncaught={survivor.name: "it only makes a sentence"})
    told = campaign.report(results, of=9)
    assert (told["caught"], told["uncaught"], told["survivors"]) == (1, 1, [])


def test_a_slice_fails_for_what_was_caught_once_and_for_functions_that_were_hunted(
    points: tuple[Point, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    [(function, count)] = Counter(point.function for point in points).most_common(1)
    mine = [point for point in points if point.function == function]
    survivor = mine[0]
    results = [campaign.Caught(survivor, "")]

    def bad() -> int:
        told = campaign.report(results, 9, campaign.hunted(points))
        assert len(told["survivors"]) + len(told["not_hunted_yet"]) == 1
        return len(told["survivors"])

    tables(monkeypatch)
    assert bad() == 0
    tables(monkeypatch, known={survivor.name: "seed 1"})
    assert bad() == 1
    tables(monkeypatch, known={point.name: "seed 1" for point in mine if point != survivor})
    assert count > 2 and bad() == 1
