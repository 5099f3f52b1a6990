# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon watches itself, and the system's journal gets its history field by field."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import failoverd
from failoverd.journal import history as history_module
from failoverd.journal import journald
from failoverd.journal.history import History
from failoverd.monitors.self_lag import Lag, SelfWatch
from failoverd.system import realtime


class Told:
    """A history that keeps what it is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, code: str, text: str, **more: Any) -> None:
        self.texts.append(text)


def test_f21_lateness_is_told_at_a_quarter_of_the_dead_time_and_when_it_gets_worse() -> None:
    lag = Lag(4.0)
    assert [lag.see(late, 0.0) for late in (0.5, 0.99, 1.0, 1.2, 1.4, 1.5, 1.5, 2.3)] == [
        *(False, False, True),
        *(False, False, True),
        *(False, True),
    ]
    assert lag.see(-0.1, 0.0) is False
    assert lag.most_s == 2.3


def test_a_delay_is_shown_for_a_minute_at_least_so_that_whoever_asks_seldom_sees_it() -> None:
    lag = Lag(4.0)
    lag.see(0.01, 0.0)
    lag.see(0.9, 50.0)
    seen = {}
    for beat in range(1, 1000):
        lag.see(0.002, 50.0 + beat * 0.2)
        seen[beat // 5] = lag.recent_s
    assert {second for second, late in seen.items() if late == 0.9} >= set(range(60))
    assert lag.recent_s == 0.002, "it is over"
    assert lag.most_s == 0.9


def test_f21_a_daemon_that_was_held_up_is_told() -> None:
    told = Told()
    watch = SelfWatch(0.4, told)
    watch.note(0.01)
    assert not told.texts
    watch.note(0.5)
    assert ["held up for 0.50 s" in text for text in told.texts] == [True]
    status = watch.status()
    assert status["latest_ms"] == 500
    assert status["memory_bytes"] > 1_000_000 and status["cpu_s"] > 0


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What stands in for the journal."""
    here = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    path = tmp_path / "journal"
    here.bind(str(path))
    monkeypatch.setattr(history_module, "under_journald", lambda: True)
    monkeypatch.setattr(history_module, "Journald", lambda: journald.Journald(str(path)))
    yield here
    here.close()


def test_the_journal_gets_the_fields_of_an_entry(
    tmp_path: Path, collector: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    history = History(tmp_path, "node1")
    history.add("filling", "shop: 91 % full", alert=True, service="shop")
    assert collector.recv(4096).splitlines() == [
        b"MESSAGE=filling: shop: 91 % full",
        b"PRIORITY=4",
        b"SYSLOG_IDENTIFIER=failoverd",
        b"FAILOVER_NODE=node1",
        b"FAILOVER_CODE=filling",
        b"FAILOVER_LEVEL=alert",
        b"FAILOVER_SERVICE=shop",
    ]
    history.add("odd", "two\nlines")
    assert collector.recv(4096).startswith(b"MESSAGE=odd: two lines\n")
    assert capfd.readouterr().err == "", "it would be there twice"
    collector.close()
    history.add("late", "nobody listens")
    assert capfd.readouterr().err == "<6>late: nobody listens\n"
    history.close()


def test_a_journal_that_takes_nothing_holds_up_nobody(tmp_path: Path, collector: Any) -> None:
    history = History(tmp_path, "node1")
    for number in range(2000):
        history.add("flood", f"{number}")
    assert history.drain(30)
    history.close()
    assert len((tmp_path / "history.jsonl").read_text().splitlines()) == 2000


def test_standard_error_elsewhere_is_not_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    assert not journald.under_journald()
    status = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    assert journald.under_journald()


def test_f21_without_real_time_it_comes_up_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel may refuse it to a group, for a reason that has nothing to do with this daemon."""

    def refused(*_arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refused)
    assert realtime.hurry() == "no real-time scheduling: Operation not permitted"
    template = Path(failoverd.__file__).parents[2] / "templates" / "failoverd.service.j2"
    assert "CPUScheduling" not in template.read_text(), "systemd would not start it at all"


LOCKED = """
import sys, threading
from failoverd.system import realtime
if sys.argv[1:]:
    realtime.modest()
begun = threading.Event()
threading.Thread(target=lambda: begun.set() or threading.Event().wait(), daemon=True).start()
begun.wait()
realtime.enter()
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")][0])
"""


def test_the_stack_of_a_thread_is_not_locked_in_its_default_size() -> None:
    def resident_kib(*arguments: str) -> int:
        command = [sys.executable, "-c", LOCKED, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(Path(failoverd.__file__).parents[1])}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=300
        )
        return int(done.stdout)

    assert resident_kib("modest") + 4096 < resident_kib()
