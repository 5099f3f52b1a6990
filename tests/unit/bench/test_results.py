# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the bench: medians of what came back, and nothing hidden of what did not."""

from __future__ import annotations

import pytest

from bench import cases, results, systems
from bench.__main__ import chosen
from bench.results import Run


def runs(system: str, *seconds: float, lost: int | None = 0) -> list[Run]:
    return [
        Run(system, "power_off", number, returned=s < 100, write_s=s, page_s=s, lost=lost)
        for number, s in enumerate(seconds)
    ]


def test_the_median_is_of_the_runs_in_which_the_service_came_back() -> None:
    report = results.report([*runs("floor", 3.0, 2.0, 4.0), *runs("one", 6.0, 180.0, 6.0)], {})
    floor, one = report["rows"]
    assert floor["write_s"] == {"median": 3.0, "least": 2.0, "most": 4.0}
    assert (one["runs"], one["returned"], one["ratio"]["floor"]) == (3, 2, 2.0)
    assert not results.sound(report)
    assert "| power_off | one | 6.0 (6.0 to 6.0) | 2.0 | 2 of 3 | 0 |" in results.table(report)


@pytest.mark.parametrize(("lost", "sound"), [(0, True), (1, False), (None, False)])
def test_a_row_that_was_lost_or_could_not_be_read_is_no_success(
    lost: int | None, sound: bool
) -> None:
    assert results.sound(results.report(runs("one", 1.0, lost=lost), {})) is sound


def test_what_never_came_back_has_no_median_and_no_ratio() -> None:
    report = results.report([*runs("floor", 3.0), *runs("one", 180.0)], {})
    assert report["rows"][1]["write_s"]["median"] is None
    assert report["rows"][1]["ratio"] == {}
    assert "| one | - | - | 0 of 1 | 0 |" in results.table(report)


def test_every_system_says_which_cases_it_plays() -> None:
    assert {"failoverd", "floor"} <= set(systems.names())
    for name in systems.names():
        system = systems.load(name)
        assert system.name == name
        assert system.cases
        assert system.cases <= set(cases.CASES)


def test_a_name_that_is_not_known_is_refused_with_those_that_are() -> None:
    assert chosen("floor, failoverd", systems.names()) == ["floor", "failoverd"]
    assert chosen("", systems.names()) == systems.names()
    with pytest.raises(ValueError, match="there is failoverd, floor"):
        chosen("flor", ["failoverd", "floor"])
