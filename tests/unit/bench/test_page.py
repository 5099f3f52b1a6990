# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the bench says what was measured, and what was not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from bench import page, results
from bench.results import Run
from bench.session import first_order

ROOT = Path(__file__).resolve().parents[3]
RUN = Run("failoverd", "power_off", 0, returned=True, write_s=4.0, page_s=5.0, lost=0)
ABOUT = {"failoverd": {"timing": "as shipped"}}


def test_the_page_of_the_repository_is_made_from_its_results() -> None:
    made = page.pages()
    assert bool(made) == results.RESULTS.exists()
    for name in (page.PAGE, page.PICTURE):
        path = ROOT / name
        assert path.exists() == bool(made), "make docs"
        assert not made or path.read_text(encoding="utf-8") == made[name]


def test_a_system_that_never_came_back_has_a_row_and_no_bar() -> None:
    away = Run("one", "power_off", 0, returned=False, write_s=300.0, page_s=300.0)
    report = results.report([replace(RUN, ordered_s=0.5), away], ABOUT)
    text = page.page(report)
    assert "## The owner loses its power" in text
    seconds = "0.5 s (0.5 to 0.5) | 4.0 s (4.0 to 4.0) | 5.0 s (5.0 to 5.0)"
    assert f"| failoverd | {seconds} | - | 1 of 1 | 0 |" in text
    assert "| one | - | - | - | - | 0 of 1 | unknown |" in text
    bars = ElementTree.fromstring(page.picture(report)).iter("{http://www.w3.org/2000/svg}rect")
    assert [bar.get("class") for bar in bars] == ["failoverd"]


def test_the_first_order_after_the_fault_ends_the_detection() -> None:
    def line(at: float, what: str, reason: str) -> dict[str, object]:
        return {"monotonic": at, "what": what, "reason": reason}

    log = [
        line(5.0, "asked", "off by BMC"),
        line(10.5, "asked", "on by BMC"),
        line(12.0, "asked", "reset by BMC"),
        line(12.1, "off", "BMC"),
    ]
    assert first_order(log, 10.0, 20.0) == 2.0
    assert first_order(log, 10.0, 11.0) is None
