# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exit status of the demonstration and what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.demo import app
from lab.demo.events import measure
from lab.demo.playbook import PlayResult
from lab.errors import LabError
from tests.unit.demo.made_up import account, history, played, served


class FakeLab:
    """A lab that only notes what is asked of it."""

    calls: list[str]

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = calls

    def down(self) -> None:
        self.calls.append("down")

    def up(self, **_: Any) -> None:
        self.calls.append("up")

    def wait_ready(self, timeout: float) -> None:
        self.calls.append("ready")

    def journals(self) -> dict[str, str]:
        return {"node1": "words of node1", "node2": "words of node2"}


calls: list[str] = []


def outcome(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, result: Any, *arguments: str
) -> tuple[int, list[str]]:
    """Exit status and calls of a demonstration whose play has a given result."""
    calls.clear()

    def play(*_: Any) -> list[str]:
        if isinstance(result, Exception):
            raise result
        return list(result)

    monkeypatch.setattr(app, "Lab", FakeLab)
    monkeypatch.setattr(app, "play", play)
    return app.main(["--out", str(tmp_path / "demo"), *arguments]), calls


def test_success_is_zero_and_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(monkeypatch, tmp_path, []) == (0, ["down", "up", "ready", "down"])
    assert "words of" not in capsys.readouterr().err


def test_a_failure_is_one_and_shows_both_journals(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(monkeypatch, tmp_path, ["lost"])[0] == 1
    shown = capsys.readouterr().err
    assert "words of node1" in shown and "words of node2" in shown


def test_a_demonstration_that_breaks_off_is_two_and_shows_both_journals(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, made = outcome(monkeypatch, tmp_path, LabError("site.yml failed: no disk"))
    assert (code, made[-1]) == (2, "down")
    shown = capsys.readouterr().err
    assert "no disk" in shown and "words of node2" in shown


def test_keep_leaves_the_lab_running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert outcome(monkeypatch, tmp_path, [], "--keep")[1] == ["down", "up", "ready"]


def test_a_reused_lab_is_neither_taken_down_before_nor_after(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert outcome(monkeypatch, tmp_path, [], "--reuse")[1] == ["up", "ready"]


def test_the_files_of_a_run_agree(tmp_path: Path) -> None:
    measured = measure(played(), served(), [], history())
    result = PlayResult(200.0, 40, 0, 2, tmp_path / "log")
    report = app.report_of(result, PlayResult(60.0, 0, 0, 2, tmp_path / "log"), measured)
    app.write(tmp_path, report, measured, served(), account(), [], [], history())
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert list(written) == ["provision", "events"]
    assert written["provision"] == {
        "first_run_s": 200.0,
        "second_run_s": 60.0,
        "second_run_changed": 0,
    }
    assert [event["name"] for event in written["events"]] == ["switchover", "power_off"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    down = written["events"][1]["downtime_s"]["postgresql"]
    assert f"{down:.2f} s" in page
