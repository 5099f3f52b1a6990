# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was decided in production can be decided again, and a full disk stops nothing."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path

from failoverd.core import step as core
from failoverd.core.actions import Action, Level, Note, Pet, Send
from failoverd.core.config import CoreConfig, ServiceConfig
from failoverd.core.events import Event, FenceDone, Found, Heard, Power, Probed, Tick
from failoverd.core.message import Local, Message, Reach, ServiceReport
from failoverd.core.state import State
from failoverd.journal.journal import Journal, segments
from failoverd.journal.replay import replay
from failoverd.journal.segments import Segments

from .recorded import inputs

LIMIT_S = 30.0
CONFIG = CoreConfig("shop", "node1", "node2", ("lan",), (ServiceConfig("shop"),), ("bmc",))


def live(journal: Journal, rounds: int) -> State:
    """Some life: probes, heartbeats over a link, ticks, a fence answer."""
    state, first = core.begin(CONFIG, 5 << 32, 100.0)
    journal.begin(state, first, 100.0)
    now = 100.0
    message = Message(
        "shop", "node2", 7 << 32, 0, 5 << 32, ("lan",), (ServiceReport("shop", Local.STOPPED, 1),)
    )
    events: list[Event] = [Probed("shop", 1, Found.STOPPED, False)]
    for number in range(1, rounds):
        events += [Heard("lan", replace(message, sequence=number)), Tick()]
    events.append(FenceDone(99, Power.UNKNOWN, "late"))
    for event in events:
        now += 0.1
        journal.record(event, state, now)
        state, actions = core.step(state, event, now)
        journal.decided(actions)
        assert journal.drain(LIMIT_S)
    return state


def test_a_segment_replays_to_the_same_state(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", 10**6, 3)
    state = live(journal, 30)
    journal.close()
    [segment] = segments(tmp_path / "journal")
    assert replay(segment).ended == state


def test_repeated_heartbeats_are_written_short(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", 10**6, 3)
    live(journal, 100)
    journal.close()
    [segment] = segments(tmp_path / "journal")
    heartbeats = [line for line in segment.read_text().splitlines() if '"l":"lan"' in line]
    assert len(heartbeats) == 98
    assert max(map(len, heartbeats)) < 50


def test_routine_waits_for_other_lines_and_a_decision_never_does(tmp_path: Path) -> None:
    handed: list[int] = []
    journal = Journal(tmp_path / "journal", 10**6, 3)
    state, first = core.begin(CONFIG, 5 << 32, 100.0)
    journal.begin(state, first, 100.0)
    assert journal.drain(LIMIT_S)
    vars(journal._files)["append"] = lambda lines: handed.append(lines.count(b"\n"))
    said = Message("shop", "node2", 7 << 32, 1, 0, (), ())

    def put(now: float, event: Event, *actions: Action) -> None:
        journal.record(event, state, now)
        journal.decided(actions)
        assert journal._spool.drain(LIMIT_S)

    put(100.1, Tick(), Send(said))
    assert handed == [2], "this heartbeat says something new"
    for number in range(2, 8):
        put(100.1 + number / 10, Heard("lan", replace(said, sequence=number)))
    put(100.9, Tick(), Send(replace(said, sequence=2)))
    put(101.0, Tick(), Pet())
    assert handed == [2], "routine"
    put(101.5, Tick())
    assert handed == [2, 11], "routine waits no longer than a second"
    put(101.6, Tick(), Note(Level.INFO, "code", "text"))
    assert handed == [2, 11, 2]
    put(101.7, FenceDone(99, Power.UNKNOWN, "late"))
    assert handed == [2, 11, 2, 1]


def test_a_heartbeat_that_says_something_new_is_written_in_full(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", 10**6, 3)
    state, first = core.begin(CONFIG, 5 << 32, 100.0)
    journal.begin(state, first, 100.0)
    said = Message("shop", "node2", 7 << 32, 1, 5 << 32, ("lan",), ())
    told = [
        replace(said, sequence=2),
        replace(said, sequence=3, reach=Reach.REACHED),
        replace(said, sequence=4, reach=Reach.REACHED, hears=()),
        replace(said, sequence=5, reach=Reach.REACHED, hears=(), heard=7),
    ]
    for number, message in enumerate([said, *told], 1):
        journal.record(Heard("lan", message), state, 100.0 + number)
    journal.close()
    [segment] = segments(tmp_path / "journal")
    assert [event for _when, event in inputs(segment)] == [
        Heard("lan", message) for message in (said, *told)
    ]


def test_each_line_that_a_disk_did_not_take_is_counted(tmp_path: Path) -> None:
    files = Segments(tmp_path / "journal", 3)
    files.append(b"1\n2\n3\n")
    assert files.lost == 3, "no segment was begun"
    files.open(1, b"head\n")
    os.close(files._fd)
    files._fd = os.open("/dev/full", os.O_WRONLY)
    files.append(b"4\n5\n")
    assert files.lost == 5
    assert "cannot be written" in files.problem


def test_each_segment_replays_by_itself_and_old_ones_go(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", 4000, 3)
    state = live(journal, 300)
    journal.close()
    kept = segments(tmp_path / "journal")
    assert len(kept) == 3
    assert int(kept[0].stem) > 1
    assert replay(kept[-1]).ended == state
    for earlier, later in itertools.pairwise(kept):
        assert replay(earlier).ended == replay(later).begun


def test_a_disk_that_takes_nothing_stops_nothing(tmp_path: Path) -> None:
    place = tmp_path / "journal"
    place.write_text("in the way")
    journal = Journal(place, 10**6, 3)
    live(journal, 10)
    assert "cannot be written" in journal.problem
    place.unlink()
    state, _actions = core.begin(CONFIG, 5 << 32, 100.0)
    journal.record(Tick(), state, 1000.0)
    assert journal.drain(LIMIT_S)
    assert journal.problem == ""
    assert len(segments(place)) == 1
