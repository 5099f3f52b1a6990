# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl replay: recorded decisions come out again, and whatever does not is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failoverd import cli
from failoverd.core import step as core
from failoverd.core.actions import Fence, Start
from failoverd.core.config import CoreConfig, ServiceConfig
from failoverd.core.events import (
    Disk,
    DiskChanged,
    Event,
    FenceDone,
    Found,
    Heard,
    OpDone,
    Power,
    Probed,
    ResourceFailed,
    Tick,
)
from failoverd.core.memory import Memory
from failoverd.core.message import Local, Message, ServiceReport
from failoverd.core.modes import Modes
from failoverd.core.rules import lifecycle, owner
from failoverd.core.state import State
from failoverd.journal import lines
from failoverd.journal.journal import Journal, segments
from failoverd.journal.replay import Unreadable, replay
from tests.unit.core.swap import swap

CONFIG = CoreConfig("shop", "node1", "node2", ("lan",), (ServiceConfig("shop"),), ("bmc",))
MINE, THEIRS = 5 << 32, 7 << 32


class Life:
    """A journalled life: the peer is heard, dies, is found off, and its service taken over."""

    def __init__(self, path: Path, segment_bytes: int = 10**6) -> None:
        self.now = 100.0
        self.path = path / "journal"
        self.journal = Journal(self.path, segment_bytes, 100)
        self.state: State
        self.state, first = core.begin(CONFIG, MINE, self.now)
        self.journal.begin(self.state, first, self.now)

    def feed(self, event: Event) -> Any:
        self.now += 0.1
        self.journal.record(event, self.state, self.now)
        self.state, actions = core.step(self.state, event, self.now)
        self.journal.decided(actions)
        return actions

    def whole(self) -> Life:
        report = ServiceReport("shop", Local.RUNNING, 1)
        message = Message("shop", "node2", THEIRS, 0, MINE, ("lan",), (report,))
        self.feed(Probed("shop", 1, Found.STOPPED, False))
        self.feed(DiskChanged("shop", Disk("Secondary", "UpToDate", "Primary", "UpToDate", "Up")))
        for number in range(1, 20):
            self.feed(Heard("lan", replace(message, sequence=number)))
            self.feed(Tick())
        for _round in range(100):
            todo = list(self.feed(Tick()))
            while todo:
                action = todo.pop()
                if isinstance(action, Fence):
                    todo += self.feed(FenceDone(action.op, Power.OFF))
                if isinstance(action, Start):
                    todo += self.feed(OpDone("shop", action.op, True))
        assert self.state.services[0].local is Local.RUNNING
        return self

    def file(self) -> Path:
        self.journal.close()
        [segment] = segments(self.path)
        return segment


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Life(tmp_path).whole().file()


def changed(path: Path, change: Callable[[list[str]], None]) -> Path:
    rows = path.read_text().splitlines(keepends=True)
    change(rows)
    path.write_text("".join(rows))
    return path


def index(rows: list[str], words: str) -> int:
    return next(i for i, row in enumerate(rows) if words in row)


def test_a_life_replays_byte_for_byte(tmp_path: Path, capsys: Any) -> None:
    life = Life(tmp_path).whole()
    path = life.file()
    result = replay(path)
    rows = [json.loads(row) for row in path.read_text().splitlines()]
    assert result.difference is None
    assert result.cut == ""
    assert result.ended == life.state
    assert result.inputs == sum("t" in row for row in rows) - 1
    ordered = [row["d"] for row in rows if "d" in row]
    assert result.decisions == sum(len(d) if isinstance(d, list) else 1 for d in ordered)
    assert cli.main(["replay", str(path)]) == 0
    said = f"{result.inputs} inputs, {result.decisions} decisions, identical"
    assert said in capsys.readouterr().out


def test_the_decisions_of_the_takeover_are_in_the_journal(file: Path) -> None:
    text = file.read_text()
    for words in ('"$":"Start"', '"code":"takeover"', '"$":"Fence"', '"$":"Own"'):
        assert words in text


def test_another_rule_is_shown_with_both_sides(
    file: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hesitant(turn: Any, service: Any, why: str) -> None:
        turn.note("hesitates", "better not")

    monkeypatch.setattr(owner, "_take_over", hesitant)
    assert cli.main(["replay", str(file)]) == 1
    out = capsys.readouterr().out
    assert "DIFFERENT" in out
    recorded, replayed = out.splitlines()[-2:]
    assert recorded.startswith("  recorded") and "takeover" in recorded
    assert replayed.startswith("  replayed") and "hesitates" in replayed


def test_one_changed_byte_is_found(file: Path) -> None:
    def change(rows: list[str]) -> None:
        at = index(rows, '"takeover"')
        rows[at] = rows[at].replace("taking over", "taking ower")

    difference = replay(changed(file, change)).difference
    assert difference is not None
    assert "taking ower" in difference.recorded
    assert "taking over" in difference.replayed


def test_a_missing_decision_is_found(file: Path) -> None:
    where = index(file.read_text().splitlines(), '"takeover"')

    def change(rows: list[str]) -> None:
        del rows[where]

    difference = replay(changed(file, change)).difference
    assert difference is not None
    assert difference.line == where + 1
    assert difference.recorded == "nothing"


def test_a_decision_too_many_is_found(file: Path) -> None:
    def change(rows: list[str]) -> None:
        rows.insert(2, '{"d":[{"$":"Leave"}]}\n')

    difference = replay(changed(file, change)).difference
    assert difference is not None
    assert difference.replayed == "nothing"


def test_a_changed_beginning_is_found(file: Path) -> None:
    def change(rows: list[str]) -> None:
        head = json.loads(rows[0])
        head["state"]["counter"] = 77
        rows[0] = json.dumps(head) + "\n"

    difference = replay(changed(file, change)).difference
    assert difference is not None
    assert difference.line == 1


@pytest.mark.parametrize("tail", [b'{"t":1', b"\0\0\0\0", b'{"t":\n', b"\0\0\n"])
def test_an_end_cut_off_by_a_loss_of_power_is_told(file: Path, tail: bytes, capsys: Any) -> None:
    whole = replay(file)
    with file.open("ab") as stream:
        stream.write(tail)
    result = replay(file)
    assert result.difference is None
    assert result.inputs == whole.inputs
    assert "the end was lost" in result.cut
    assert cli.main(["replay", str(file)]) == 0
    assert "the end was lost" in capsys.readouterr().out


def test_cut_anywhere_it_still_replays(file: Path) -> None:
    data = file.read_bytes()
    first = data.index(b"\n") + 1
    for end in range(first, len(data), 97):
        file.write_bytes(data[:end])
        assert replay(file).difference is None


def test_decisions_lost_with_the_end_are_told(file: Path) -> None:
    def change(rows: list[str]) -> None:
        del rows[index(rows, '"takeover"') :]

    result = replay(changed(file, change))
    assert result.difference is None
    assert "not recorded" in result.cut


def test_damage_in_the_middle_is_refused_with_its_line(file: Path) -> None:
    def change(rows: list[str]) -> None:
        rows[10] = "{\n"

    with pytest.raises(Unreadable, match=r":11: this is not a line of a journal"):
        replay(changed(file, change))


def test_every_segment_replays_by_itself_and_they_join(tmp_path: Path, capsys: Any) -> None:
    life = Life(tmp_path, segment_bytes=3500).whole()
    life.journal.close()
    paths = segments(life.path)
    assert len(paths) > 3
    assert all(replay(path).difference is None for path in paths)
    assert cli.main(["replay", "--json", str(life.path)]) == 0
    rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert [row["ok"] for row in rows] == [True] * len(paths)
    assert [row["begin"] for row in rows] == [True] + [False] * (len(paths) - 1)


def test_segments_that_do_not_join_are_found(tmp_path: Path, capsys: Any) -> None:
    life = Life(tmp_path, segment_bytes=3500).whole()
    life.journal.close()
    paths = segments(life.path)
    paths[1].unlink()
    assert cli.main(["replay", str(life.path)]) == 1
    assert f"the state at the end of {paths[0]}" in capsys.readouterr().out


def test_a_rule_that_breaks_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def defective(*_: object) -> None:
        raise RuntimeError("a defect")

    life = Life(tmp_path)
    with monkeypatch.context() as patch:
        swap(patch, lifecycle, "resource_failed", defective)
        life.feed(ResourceFailed("shop", "db", "died"))
        life.feed(Tick())
        path = life.file()
        assert replay(path).difference is None
    difference = replay(path).difference
    assert difference is not None and "a defect" in difference.recorded


def test_a_core_that_raises_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(tmp_path)
    life.journal.record(Tick(), life.state, 101.0)
    life.journal.broke(RuntimeError("a defect"))
    path = life.file()
    difference = replay(path).difference
    assert difference is not None and difference.recorded == '{"x":"RuntimeError: a defect"}'

    def defective(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(core, "step", defective)
    assert replay(path).difference is None


def test_a_life_that_begins_in_a_mode_is_repeated(tmp_path: Path) -> None:
    memory = Memory(Modes(maintenance=1), split=frozenset({CONFIG.services[0].name}))
    state, first = core.begin(CONFIG, MINE, 100.0, memory)
    journal = Journal(tmp_path / "journal", 10**6, 3)
    journal.begin(state, first, 100.0)
    journal.close()
    [path] = segments(tmp_path / "journal")
    assert replay(path).difference is None


def test_another_core_is_named(file: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(rows: list[str]) -> None:
        head = json.loads(rows[0])
        rows[0] = json.dumps({**head, "core": "feedfacecafebeef", "version": "0.0.9"}) + "\n"

    changed(file, change)
    assert cli.main(["replay", str(file)]) == 0
    out = capsys.readouterr().out
    assert "written by core feedfacecafebeef of version 0.0.9" in out
    assert lines.core_digest() in out


def test_an_input_that_this_core_does_not_know_is_refused(file: Path) -> None:
    def change(rows: list[str]) -> None:
        head = json.loads(rows[0])
        rows[0] = json.dumps({**head, "core": "feedfacecafebeef"}) + "\n"
        rows.insert(2, '{"t":100.0,"e":{"$":"Moonrise"}}\n')

    with pytest.raises(Unreadable, match=r"Moonrise.*written by core feedfacecafebeef"):
        replay(changed(file, change))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "this is not a journal"),
        ('{"t":1,"e":{}}\n', "does not begin with a head"),
        ('{"t":1,"head":1,"state":{}}\n', "has format 1, not 2"),
        ('{"t":1,"head":2,"state":{}}\n', "does not understand"),
        ("\x7fELF", "this is not a journal"),
    ],
)
def test_what_is_no_journal_is_refused_in_one_sentence(
    tmp_path: Path, text: str, words: str, capsys: Any
) -> None:
    path = tmp_path / "1.jsonl"
    path.write_text(text)
    assert cli.main(["replay", str(path)]) == 2
    out = capsys.readouterr().out
    assert words in out
    assert out.count("\n") == 1


def test_a_file_that_is_not_there(tmp_path: Path, capsys: Any) -> None:
    assert cli.main(["replay", str(tmp_path / "none")]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().out
    assert cli.main(["replay", str(tmp_path)]) == 2
    assert "holds no journal" in capsys.readouterr().out


def test_a_life_lost_with_the_power_does_not_hide_the_others(tmp_path: Path, capsys: Any) -> None:
    life = Life(tmp_path).whole()
    life.journal.close()
    [path] = segments(life.path)
    lost = path.with_name("0000000009.jsonl")
    lost.touch()
    assert cli.main(["replay", str(life.path)]) == 0
    said = capsys.readouterr().out
    assert f"{lost}: empty: the power was lost before a line was on the disk" in said
    assert f"{path}: " in said and "identical" in said
    assert cli.main(["replay", str(lost)]) == 2, "asked for by name it is no journal"
