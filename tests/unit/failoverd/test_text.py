# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside is made safe at the door of the core and of the history."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverd.core.actions import Action, Note, Send
from failoverd.core.config import CoreConfig, ServiceConfig
from failoverd.core.events import (
    Command,
    DeviceChecked,
    Disk,
    DiskChanged,
    DiskTried,
    Eligible,
    Event,
    Found,
    Probed,
    Verb,
)
from failoverd.formats.cleaning import cleaned
from failoverd.formats.text import printable
from failoverd.journal.history import History
from failoverd.journal.journal import Journal
from failoverd.links.wire import Wire
from failoverd.runner import Runner

pytestmark = pytest.mark.finding("X8")

BAD = "a\udc80\x1b[2J\x00\x9b\u202e\nend"
CONFIG = CoreConfig("shop", "node1", "node2", ("lan",), (ServiceConfig("shop"),), ("bmc",))


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_one_line_that_can_be_sent_and_shown(text: str) -> None:
    safe = printable(text)
    assert safe.isprintable()
    assert safe.encode().decode() == safe
    assert printable(safe) == safe
    if text.isprintable():
        assert safe == text


def test_escapes_are_shown_and_line_breaks_are_spaces() -> None:
    assert printable(BAD) == "a\\udc80\\x1b[2J\\x00\\x9b\\u202e end"


def test_texts_within_texts_are_cleaned_and_nothing_else_is_touched() -> None:
    event = DiskChanged("shop", Disk(role=BAD))
    assert cleaned(event).disk.role == printable(BAD)
    good = DiskChanged("shop", Disk(role="Primary"))
    assert cleaned(good) is good
    command = Command(3, Verb.CLEAR, BAD, BAD)
    assert cleaned(command) == Command(3, Verb.CLEAR, printable(BAD), printable(BAD))


@pytest.mark.parametrize(
    "event",
    [
        Probed("shop", 1, Found.PARTIAL, False, BAD),
        DiskTried("shop", BAD),
        Eligible(BAD),
        DiskChanged("shop", Disk(disk=BAD)),
        DeviceChecked(0, False, BAD),
        Command(1, Verb.SWITCHOVER, BAD, BAD),
    ],
)
def test_heartbeats_and_journal_go_on_whatever_a_program_says(event: Event, tmp_path: Path) -> None:
    async def main() -> None:
        sent: list[bytes] = []
        there = Wire((bytes(32),), "shop", "node1", "node2", ["shop"])
        here = Wire((bytes(32),), "shop", "node2", "node1", ["shop"])
        journal = Journal(tmp_path / "journal", 10**6, 3)

        def perform(action: Action) -> None:
            if isinstance(action, Note):
                assert action.text.isprintable()
            if isinstance(action, Send):
                assert all(report.why.isprintable() for report in action.message.services)
                sent.append(there.encode(action.message))

        runner = Runner(CONFIG, 5 << 32, journal, perform, lambda: None)
        runner.begin()
        before = len(sent)
        runner.post(event)
        for _round in range(3):
            runner.post(Eligible("because"))
            runner.post(Eligible(""))
        assert len(sent) > before
        for frame in sent:
            assert all(report.why.isprintable() for report in here.decode(frame).services)
        assert runner.state.defect == ""
        assert journal.drain(30.0) and journal.lost == 0

    asyncio.run(main())


def test_the_history_shows_no_control_characters(tmp_path: Path) -> None:
    history = History(tmp_path, "node1")
    history.add("code", BAD)
    assert history.drain(30.0)
    [line] = (tmp_path / "history.jsonl").read_text().splitlines()
    assert json.loads(line)["text"] == printable(BAD)
