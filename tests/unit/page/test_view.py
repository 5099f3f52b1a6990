# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page says what the status says, in two languages, to eyes and to screen readers."""

from __future__ import annotations

import copy
import random
import re
import string
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from failover_page import view
from failover_page.source import Seen
from failover_page.words import LANGUAGES, WORDS, Speech, chosen
from tests.played import answers

from .test_metrics import NOW, damaged, seen

Json = dict[str, Any]
EVERY = [
    answers.normal, answers.standby, answers.degraded, answers.blocked, answers.after_failover,
    answers.taking_over,
    answers.moving,
]  # fmt: skip
VOID = {"meta", "link", "br", "rect", "path", "line", "input"}
EN, JA = Speech("en"), Speech("ja")


class Reader(HTMLParser):
    """Reads as a browser, and remembers whether each element is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data + " "


def read(answer: Json, say: Speech = EN) -> Reader:
    reader = Reader(view.page(seen(answer), say))
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    return reader


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("answer", EVERY)
def test_the_page_is_sound_html(answer: Callable[[float], Json], language: str) -> None:
    reader = read(answer(NOW), Speech(language))
    assert reader.tags[0] == ("html", {"lang": language})
    assert set(view.sections(seen(answer(NOW)), EN)) <= set(reader.ids)


def test_a_cluster_that_is_well() -> None:
    said = read(answers.normal(NOW)).said
    for words in (
        "All is well", "Nothing is wrong.", "Cluster shop", "As node1 sees it",
        "ready: node2 can take over", "expected to take 5.5 to 11 s", "copies are equal",
        "/srv/shop", "41 % full", "postgres 3 ms", "3.5 to 9 s", "shop is running on node1",
    ):  # fmt: skip
        assert words in said, words


def test_what_is_wrong_comes_first_with_its_remedy() -> None:
    page = view.page(seen(answers.blocked(NOW)), EN)
    assert page.index("Out of order") < page.index("shop is blocked") < page.index("<svg")
    assert "<code>failoverctl history</code>" in page
    assert "would not succeed" in page
    # Without a connection nobody knows whether the copies are equal.
    assert "copies are equal" not in page
    said = read(answers.degraded(NOW)).said
    assert "42.5 % done" in said and "1.5 GiB differ" in said and "about 5 min left" in said


def test_phases_of_a_past_failover() -> None:
    said = re.sub(r"\s+", " ", read(answers.after_failover(NOW)).said)
    assert "2.0 s 4.0 s 0.5 s" in said
    assert "12.5 s" in said


def test_both_pages_show_the_same_of_both_nodes() -> None:
    first, second = (
        view.sections(seen(answer(NOW)), EN)["nodes"]
        for answer in (answers.normal, answers.standby)
    )
    assert first == second
    assert "node1" in first and "node2" in first


def test_of_a_node_that_is_gone_the_last_report_is_shown_with_its_age() -> None:
    section = view.sections(seen(answers.after_failover(NOW)), EN)["nodes"]
    text = re.sub(r"<[^>]+>", " ", section)
    assert re.search(r"node1\s+off, with proof\s+1 min ago\s+shop\s+running", text), text
    assert re.search(r"node2\s+alive\s+now\s+shop\s+running", text), text
    # What is old is not shown in the colours of the present.
    row = section[section.index("node1") : section.index("node2")]
    assert "badge good" not in row


def with_record(language: Speech = EN) -> dict[str, str]:
    answer = answers.after_failover(NOW)
    told = Seen(answer["status"], answer["history"], NOW, NOW, record=answers.record(NOW))
    return view.sections(told, language)


def test_the_page_tells_the_availability_of_each_service() -> None:
    section = with_record()["availability"]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", section))
    for words in (
        "The last 90 days, from the history of node2", "99.986 % (3.8 nines)",
        "12.5 s (count: 1)", "12 min 45 s of 12 min 57 s left", "12.5 s each: 99.985 %",
        "detect 2.0 s · exclude 4.0 s · take over 6.5 s",
    ):  # fmt: skip
        assert words in text, (words, text)


def test_the_page_tells_each_outage_as_a_story() -> None:
    section = with_record()["outages"]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", section))
    assert "was down for 12.5 s not planned" in text
    order = [text.index(part) for part in ("What was seen", "What was proved", "What was done")]
    assert order == sorted(order)
    assert "+6.000 s node2: node1 is gone: fenced and verified off" in text
    assert "What would have helped" in text
    assert "停止の経緯" in with_record(JA)["outages"]


def test_without_a_record_the_page_says_so() -> None:
    found = view.sections(seen(answers.normal(NOW)), EN)
    for name in ("availability", "outages"):
        assert "Nothing is written down yet" in found[name]


@pytest.mark.parametrize("number", range(200))
def test_a_record_of_another_version_does_not_break_the_page(number: int) -> None:
    luck = random.Random(number)
    answer = answers.normal(NOW)
    told = Seen(answer["status"], [], NOW, NOW, record=damaged(answers.record(NOW), luck))
    assert set(view.sections(told, EN)) >= {"availability", "outages", "services"}


def test_without_the_daemon_the_page_says_so_and_how_old_the_rest_is() -> None:
    before = answers.normal(NOW)
    gone = Seen(before["status"], before["history"], NOW, NOW + 99, "status: gone")
    reader = Reader(view.page(gone, EN))
    assert "The cluster software of this node does not answer." in reader.said
    assert "Not known" in reader.said and "All is well" not in reader.said
    assert "What follows is the state of" in reader.said
    assert "shop is running on node1" in reader.said
    never = Reader(view.page(Seen(problem="status: gone"), EN))
    assert "nothing to show" in never.said
    assert set(never.ids) >= {"now", "services"} and "<h2>Services</h2>" not in never.said
    assert "&lt;" not in view.page(gone, EN)
    # What is old is not shown in the colours of the present.
    assert 'class="verdict bad old"' in view.page(gone, EN)
    assert " old" not in view.page(seen(before), EN)


def test_both_nodes_draw_the_same_picture() -> None:
    """But for which one is this node."""
    first = drawn(answers.normal(NOW))
    second = drawn(answers.standby(NOW))
    names = {"this node", "alive"}
    assert [one for one in first if one not in names] == [one for one in second if one not in names]


def drawn(answer: Json) -> list[str]:
    """The texts of the picture."""
    section = view.sections(seen(answer), EN)["picture"]
    svg = ET.fromstring(section[section.index("<svg") :])
    return [str(each.text) for each in svg.iter("text")]


@pytest.mark.parametrize("answer", EVERY)
def test_the_picture_is_described_for_those_who_do_not_see_it(
    answer: Callable[[float], Json],
) -> None:
    section = view.sections(seen(answer(NOW)), EN)["picture"]
    svg = ET.fromstring(section[section.index("<svg") :])
    described = str(svg.findtext("desc"))
    for part in ("shop is ", "Link lan: ", "Fence device bmc: ", "Copies of shop: "):
        assert part in described


def test_every_state_of_the_picture_is_a_word_and_not_colour_alone() -> None:
    assert "cross: down" in drawn(answers.degraded(NOW))
    assert "shop: DRBD SyncSource" in drawn(answers.degraded(NOW))
    assert "shop: blocked" in drawn(answers.blocked(NOW))


def test_a_large_cluster_is_drawn_in_part_and_listed_whole() -> None:
    answer = answers.large(50)
    assert "and 42 more" in drawn(answer)
    assert read(answer).said.count("/srv/shop") == 50


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=y>&amp;\u202e\0"


def poisoned(value: Any) -> Any:
    """The same with every text made evil, but for the words that choose the form."""
    if isinstance(value, dict):
        return {key: poisoned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item) for item in value]
    return value + EVIL if isinstance(value, str) else value


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("answer", EVERY)
def test_no_text_of_the_cluster_becomes_markup(
    answer: Callable[[float], Json], language: str
) -> None:
    page = view.page(seen(poisoned(answer(NOW))), Speech(language))
    reader = Reader(page)
    assert reader.open == []
    tags = [tag for tag, _given in reader.tags]
    assert tags.count("script") == 1 and "img" not in tags
    for _tag, given in reader.tags:
        assert not any(name.startswith("on") or name == "style" for name in given)


def test_nothing_comes_from_outside_or_needs_a_weaker_policy() -> None:
    page = view.page(seen(answers.degraded(NOW)), EN)
    assert "style=" not in page and "<style" not in page
    for tag, given in Reader(page).tags:
        for name in ("src", "href"):
            if name in given:
                assert str(given[name]).startswith(("/", "?", "#")), (tag, given)


def test_an_answer_of_another_version_never_breaks_the_page() -> None:
    whole = [answers.degraded(NOW), answers.after_failover(NOW), answers.blocked(NOW)]
    for seed in range(300):
        said = damaged(copy.deepcopy(whole[seed % 3]), random.Random(seed))
        status = said.get("status") if isinstance(said, dict) else None
        history = said.get("history") if isinstance(said, dict) else None
        entries = history if isinstance(history, list) else []
        answer = Seen(
            status if isinstance(status, dict) else {},
            [one for one in entries if isinstance(one, dict)],
            NOW,
            NOW,
        )
        reader = Reader(view.page(answer, JA if seed % 2 else EN))
        assert reader.open == [], seed


def test_every_word_is_there_in_both_languages_with_the_same_fields() -> None:
    for key, words in WORDS.items():
        assert len(words) == len(LANGUAGES), key
        fields = [
            sorted(str(field) for _text, field, *_form in string.Formatter().parse(word) if field)
            for word in words
        ]
        assert all(words) and fields[0] == fields[1], key


def test_the_japanese_page_has_no_english_words_of_its_own() -> None:
    """Whatever is English is marked, so that a screen reader speaks it as English."""
    reader = read(answers.normal(NOW), JA)
    for key, (english, _japanese) in WORDS.items():
        if re.search(r"[A-Z][a-z]+ [a-z]+", english) and "{" not in english:
            assert english not in reader.said, key


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, "", "en"),
        (None, "ja", "ja"),
        (None, "ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        (None, "en-US,en;q=0.9,ja;q=0.8", "en"),
        (None, "de,ja;q=0.5,en;q=0.3", "ja"),
        (None, "de, fr", "en"),
        (None, "ja;q=0, en", "en"),
        (None, "ja;q=rubbish", "en"),
        (None, "ja;q=2", "en"),
        (None, "," * 100_000, "en"),
        ("ja", "en", "ja"),
        ("en", "ja", "en"),
        ("xx", "ja", "ja"),
        ("<script>", "", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_or_accepted(
    asked: str | None, accepted: str, language: str
) -> None:
    assert chosen(asked, accepted) == language
