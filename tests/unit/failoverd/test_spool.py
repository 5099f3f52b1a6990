# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that hangs holds up nobody: F44, F69. What it does not take is counted and told."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from failoverd.control import log
from failoverd.core import step as core
from failoverd.core.config import CoreConfig, ServiceConfig
from failoverd.core.events import Found, Probed, Tick
from failoverd.journal import spool
from failoverd.journal.history import History
from failoverd.journal.journal import Journal, segments
from failoverd.journal.replay import replay
from failoverd.journal.segments import Segments
from failoverd.journal.spool import Spool

from .recorded import inputs

LIMIT_S = 30.0
CONFIG = CoreConfig("shop", "node1", "node2", ("lan",), (ServiceConfig("shop"),), ("bmc",))


class Gate:
    """A file whose writes hang until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()
        real = Segments.append

        def append(files: Segments, line: bytes) -> None:
            self.entered.set()
            assert self.leave.wait(LIMIT_S)
            real(files, line)

        monkeypatch.setattr(Segments, "append", append)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(monkeypatch)
    yield gate
    gate.leave.set()


def test_jobs_are_done_in_their_order() -> None:
    done: list[int] = []
    work = Spool("test", 1000)
    for number in range(500):
        assert work.put(partial(done.append, number), 1)
    assert work.close(LIMIT_S)
    assert done == list(range(500))


def test_a_job_that_raises_is_told_and_the_next_one_is_done() -> None:
    done: list[int] = []
    work = Spool("test", 1000)
    work.put(lambda: done.append(1 // 0), 1)
    work.put(lambda: done.append(2), 1)
    assert work.drain(LIMIT_S)
    assert done == [2]
    assert "ZeroDivisionError" in work.defect


def test_what_does_not_fit_is_refused_not_waited_for() -> None:
    leave = threading.Event()
    work = Spool("test", 10)
    assert work.put(lambda: assert_set(leave), 6)
    assert work.put(lambda: None, 4)
    assert not work.put(lambda: None, 1)
    assert not work.drain(0.0)
    leave.set()
    assert work.drain(LIMIT_S)
    assert work.put(lambda: None, 10)
    assert work.close(LIMIT_S)
    assert not work.put(lambda: None, 1)


def assert_set(event: threading.Event) -> None:
    assert event.wait(LIMIT_S)


def test_a_hanging_disk_does_not_hold_up_the_journals_caller(
    tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, bool]] = []
    place = tmp_path / "journal"
    journal = Journal(place, 10**6, 3, lambda text, bad: told.append((text, bad)), 20_000)
    state, first = core.begin(CONFIG, 5 << 32, 100.0)
    journal.begin(state, first, 100.0)
    assert gate.entered.wait(LIMIT_S)
    # Far more than the queue holds: every call returns, although not one write has.
    for number in range(2000):
        journal.record(Tick(), state, 100.0 + number / 1000)
    assert journal.lost > 0
    assert "lines lost so far" in journal.problem
    assert told == [("the journal cannot be written: the disk is too slow", True)]

    gate.leave.set()
    assert journal.drain(LIMIT_S)
    later = core.step(state, Probed("shop", 1, Found.STOPPED, False), 200.0)[0]
    journal.record(Tick(), later, 201.0)
    journal.record(Tick(), later, 202.0)
    lost = journal.lost
    assert journal.problem == ""
    assert told[-1] == (f"the journal is written again; lines lost: {lost}", False)
    journal.close()
    early, late = segments(place)
    # What was written is a true beginning, and after the gap a new segment begins with the state.
    written = [now for now, _event in inputs(early)]
    assert written == [100.0 + number / 1000 for number in range(2000 - lost)]
    assert replay(late).begun == later
    assert json.loads(late.read_text().splitlines()[0])["lost"] == lost


def test_a_write_that_never_ends_is_told(
    tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    journal = Journal(tmp_path / "journal", 10**6, 3, lambda text, bad: told.append(text))
    state, first = core.begin(CONFIG, 5 << 32, 100.0)
    journal.begin(state, first, 100.0)
    assert gate.entered.wait(LIMIT_S)
    journal.record(Tick(), state, 101.0)
    assert told == []
    monkeypatch.setattr(spool, "STUCK_S", -1.0)
    journal.record(Tick(), state, 102.0)
    assert told == ["the journal cannot be written: the disk does not answer"]
    assert "does not answer" in journal.problem


def test_a_hanging_disk_does_not_hold_up_the_historys_caller(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    os.mkfifo(path)  # to open it for writing hangs until somebody reads
    history = History(tmp_path, "node1", queue_bytes=2000)
    for number in range(100):
        history.add("code", f"entry {number}")
    assert history.lost > 0
    assert not history.drain(0.0)
    with path.open("rb"):
        assert history.drain(LIMIT_S)
    path.unlink()
    history.add("code", "the last")
    assert history.drain(LIMIT_S)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["code"] for entry in entries][-1] == "code"
    assert history.problem == ""


def test_lost_entries_of_the_history_are_owned_up_to(tmp_path: Path) -> None:
    place = tmp_path / "state"
    history = History(place, "node1")
    for _round in range(3):
        history.add("code", "nobody reads this")
    assert history.drain(LIMIT_S)
    assert "entries lost so far: 3" in history.problem
    place.mkdir()
    history.add("code", "the disk is back")
    history.close(LIMIT_S)
    first, second = (
        json.loads(line) for line in (place / "history.jsonl").read_text().splitlines()
    )
    assert (first["code"], first["level"], first["data"]) == ("history-lost", "alert", {"lost": 3})
    assert second["text"] == "the disk is back"
    assert history.problem == ""


def test_a_line_torn_by_a_loss_of_power_spoils_no_other(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "history.jsonl"
    whole = '{"time":1.0,"level":"info","code":"old","text":"before"}\n'
    path.write_text(whole + '{"time":2.0,"level":"info","co', encoding="utf-8")
    history = History(tmp_path, "node1")
    history.add("new", "after")
    history.add("new", "and after that")
    history.close(LIMIT_S)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAILOVERD_STATE", str(tmp_path))
        log.show(as_json=True, count=10, follow=False)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["text"] for row in rows] == ["before", "after", "and after that"]
    assert path.read_text(encoding="utf-8").count("\n") == 4
