# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a check that fails counts: confirmed, not excused, and not the daemon's own fault."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from failoverd.checks.base import Check, CheckFailed, CheckSettings, CheckUnable
from failoverd.checks.streak import Streak
from failoverd.checks.watcher import Watcher
from failoverd.checks.watchers import Watchers
from failoverd.resources.settings import ResourceSettings


class Script:
    """A check that plays a list of outcomes, the last one for ever."""

    def __init__(self, *outcomes: BaseException | str) -> None:
        self.outcomes = list(outcomes)
        self.played = 0
        self.closed = 0
        self.before: Callable[[], None] = lambda: None

    async def check(self) -> None:
        outcome = self.outcomes[min(self.played, len(self.outcomes) - 1)]
        self.played += 1
        self.before()
        if outcome == "hangs":
            await asyncio.sleep(3600)
        if isinstance(outcome, BaseException):
            raise outcome

    def close(self) -> None:
        self.closed += 1


BAD = CheckFailed("status 500")
FAST = CheckSettings("http", "http", interval_s=0.001, deadline_s=0.05)


def played(
    script: Script,
    rounds: int,
    excuse: Callable[[], str] = lambda: "",
    settings: CheckSettings = FAST,
    **more: Any,
) -> tuple[list[str], dict[str, Any]]:
    """What is reported until the check was made so often, and what status says then."""
    reports: list[str] = []

    async def main() -> dict[str, Any]:
        watcher = Watcher(settings, script, excuse, **more)
        watcher.begin(reports.append)
        for _round in range(20_000):
            if script.played > rounds:
                break
            await asyncio.sleep(0.001)
        state = watcher.report()
        watcher.end()
        return state

    return reports, asyncio.run(main())


def test_f52_one_failed_check_between_good_ones_is_nothing() -> None:
    reports, state = played(Script("good", BAD, "good", "hangs", "good"), 8)
    assert reports == []
    assert state["state"] == "ok"


def test_f51_a_failure_that_is_confirmed_is_told_once() -> None:
    reports, state = played(Script("good", BAD), 20)
    assert reports == ["http: status 500"]
    assert state["state"] == "failed"
    assert state["reason"] == "http: status 500"


def test_a_check_that_hangs_ends_with_its_deadline() -> None:
    script = Script("hangs")
    reports, _state = played(script, 4)
    assert reports == ["http: no answer within 0.05 s"]
    assert script.closed >= 4


def test_f06_frozen_storage_excuses_and_nothing_is_asked() -> None:
    script = Script(BAD)
    asked: list[str] = []

    def excuse() -> str:
        asked.append("frozen")
        script.played += 1
        return "the I/O of its disk is frozen"

    reports, state = played(script, 20, excuse)
    assert reports == []
    assert state == {
        "name": "http",
        "type": "http",
        "state": "unknown",
        "ms": state["ms"],
        "reason": "the I/O of its disk is frozen",
    }


def test_f06_storage_that_froze_during_the_check_excuses_too() -> None:
    frozen = False
    script = Script(BAD)

    def freeze() -> None:
        nonlocal frozen
        frozen = True

    script.before = freeze

    def excuse() -> str:
        nonlocal frozen
        was, frozen = frozen, False
        return "frozen" if was else ""

    at_once = CheckSettings("http", "http", 0.001, 0.05, confirmations=1)
    assert played(script, 20, excuse, at_once)[0] == []


def test_f26_a_deadline_that_passed_while_the_daemon_was_paused_says_nothing() -> None:
    clock = iter(range(0, 1_000_000, 10))
    assert played(Script(BAD), 20, clock=lambda: float(next(clock)))[0] == []


def test_a_question_that_cannot_be_asked_is_shown_and_never_a_failure() -> None:
    reports, state = played(Script(CheckUnable("a password is wanted")), 20)
    assert reports == []
    assert state["state"] == "unknown"
    assert state["reason"] == "http: cannot be checked: a password is wanted"


@pytest.mark.finding("S17")
def test_f75_a_check_that_could_not_be_made_between_two_that_failed_hides_neither() -> None:
    """An application that is down is noticed, though every second check lacks a descriptor."""
    lacking = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    reports, _state = played(Script(lacking, BAD, lacking, BAD, lacking), 6)
    assert reports == ["http: status 500"]


def test_an_error_of_the_system_is_a_failure_with_its_words() -> None:
    reports, _state = played(Script(ConnectionResetError(104, "Connection reset by peer")), 4)
    assert reports == ["http: Connection reset by peer"]


def test_what_lasts_is_told_again_but_rarely() -> None:
    streak = Streak(2, repeat_s=60)
    assert [now for now in range(200) if streak.bad(now)] == [1, 61, 121, 181]
    streak.good()
    assert not streak.confirmed
    assert [now for now in range(200, 203) if streak.bad(now)] == [201]


class Resource:
    """An application with a check of its own."""

    def __init__(self, own: Check) -> None:
        self.settings = ResourceSettings("db", "unit", (), 1, 1)
        self._own = own

    def own_checks(self) -> list[tuple[CheckSettings, Check]]:
        return [(FAST, self._own)]


def test_a_service_is_asked_from_the_end_of_its_start_to_the_begin_of_its_stop(until: Any) -> None:
    async def main() -> None:
        script, reports = Script(BAD), list[tuple[str, str]]()
        watchers = Watchers({"db": Resource(script)}, lambda: "")
        await asyncio.sleep(0.01)
        assert script.played == 0
        for _twice in range(2):
            watchers.begin(lambda name, reason: reports.append((name, reason)))
        await until(lambda: reports)
        assert reports == [("db", "http: status 500")]
        assert [one["state"] for one in watchers.report("db")] == ["failed"]
        watchers.end()
        played = script.played
        await asyncio.sleep(0.01)
        assert script.played == played
        assert watchers.report("db") == []
        # After a recovery everything begins anew: what was confirmed before does not count.
        script.outcomes = ["good"]
        watchers.begin(lambda name, reason: reports.append((name, reason)))
        await until(lambda: watchers.report("db")[0]["state"] == "ok")
        watchers.end()

    asyncio.run(main())


@pytest.mark.parametrize("confirmations", [1, 2, 3])
def test_so_many_failures_in_a_row_are_needed_as_configured(confirmations: int) -> None:
    streak = Streak(confirmations)
    told = [streak.bad(0.0) for turn in range(confirmations)]
    assert told == [False] * (confirmations - 1) + [True]
