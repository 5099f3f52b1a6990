# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report is whole, stands alone and cannot be broken by what it shows."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from failover_page.picture import svg
from failover_page.words import Speech
from lab.demo.events import measure, timeline
from lab.report import render
from tests.played import answers
from tests.unit.demo.made_up import WALL, account, entry, history, played, served

_VOID = {"meta", "link", "br", "hr", "img", "input"}


class Checker(HTMLParser):
    """Collects tags and finds those that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


def told() -> list[dict[str, Any]]:
    """What the nodes wrote, with what the page needs to know when a service was up."""
    moved = [
        entry(0.5, "node2", "daemon-start", boot="a"),
        entry(1.0, "node1", "daemon-start", boot="a"),
        entry(3.0, "node1", "running"),
        entry(10.8, "node1", "stopped"),
        entry(11.0, "node2", "start-begin"),
        entry(12.3, "node2", "running"),
    ]
    return sorted([*history(), *moved], key=lambda one: float(one["time"]))


def page(problems: list[str] | None = None, **changes: Any) -> str:
    """A report of the made-up run."""
    measured = measure(played(), served(), [], history())
    report = {
        "provision": {"first_run_s": 201.0, "second_run_s": 60.2, "second_run_changed": 0},
        "events": [{**event.as_report(), **changes} for event in measured],
    }
    pictures = [timeline(event, served()) for event in measured]
    return render(report, pictures, account(), problems or [], told())


def check(html: str) -> Checker:
    """Parse a page."""
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    return checker


def test_every_tag_is_closed_and_every_picture_is_whole() -> None:
    html = page()
    check(html)
    pictures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(pictures) == 3
    for picture in pictures:
        ElementTree.fromstring(picture)
    ids = [attributes["id"] for _tag, attributes in check(html).tags if "id" in attributes]
    assert len(ids) == len({*ids})


def test_the_cluster_after_an_event_is_drawn_as_on_the_status_page() -> None:
    html = page()
    [drawn] = re.findall(r'<svg class="cluster".*?</svg>', html, re.DOTALL)
    assert drawn == svg(answers.standby(WALL)["status"], Speech("en"), "0")
    assert "Afterwards, as the status page of node2 draws it" in check(html).text
    assert ".cluster .service.bad" in html
    colours = set(re.findall(r"var\((--[a-z-]+)\)", html))
    assert colours <= set(re.findall(r"(--[a-z-]+):", html))


def test_nothing_is_loaded_from_anywhere() -> None:
    html = page()
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", html)
    for tag, attributes in check(html).tags:
        assert tag not in ("script", "link", "img", "iframe", "object")
        assert not {"src", "href"} & set(attributes)


def test_it_is_made_for_light_and_dark() -> None:
    assert "prefers-color-scheme: dark" in page()


def test_the_figures_are_there() -> None:
    text = check(page()).text
    for figure in ("2.00 s", "5.50 s", "0.65 s", "1875", "201 s"):
        assert figure in text


@pytest.mark.parametrize("nasty", ["<script>alert(1)</script>", "a & b < c", "\"'"])
def test_what_is_shown_cannot_break_the_page(nasty: str) -> None:
    html = page(problems=[nasty], active_before=nasty)
    assert nasty in check(html).text
    assert "<script" not in html


def test_each_outage_is_told_as_on_the_status_page() -> None:
    html = page()
    assert html.count("<details") >= 1
    text = check(html).text
    assert "switchover asked" in text
    assert "node1 \N{RIGHTWARDS ARROW} node2" in text


def test_a_failed_run_looks_failed() -> None:
    text = check(page(problems=["power_off: the service did not return"])).text
    assert "the service did not return" in text
    assert "All went well" not in text


def test_missing_phases_are_shown_as_missing() -> None:
    none = dict.fromkeys(("detect", "fence", "promote", "mount", "start", "address"))
    assert "n/a" in check(page(phases_s=none, lost=None)).text
