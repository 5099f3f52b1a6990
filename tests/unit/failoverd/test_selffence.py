# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that lost its right to write takes itself out, whatever hangs. Nothing real is reset."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from failoverd.fencing import selffence
from failoverd.fencing.selffence import SelfFence, last_reset


@pytest.fixture(autouse=True)
def _kernel_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(selffence, "KMSG", str(tmp_path / "kmsg"))


class Bench:
    """A self fence whose every way ends in the test."""

    def __init__(self, tmp_path: Path, *, sysrq: bool = True) -> None:
        self.steps: list[str] = []
        self.rebooted = threading.Event()
        self.trigger = tmp_path / "sysrq"
        self.note = tmp_path / "reset"
        if sysrq:
            self.trigger.touch()
        self.fence = SelfFence(
            self.note,
            lambda code, text: self.steps.append(text),
            lambda: self.steps.append("surrendered"),
            str(self.trigger),
            self.rebooted.set,
        )


def test_sysrq_is_first_and_nobody_pets_the_watchdog_any_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.fence.reset("the lock of shop was stolen")
    assert bench.trigger.read_text() == "b"
    assert bench.steps[0] == "surrendered"
    assert not bench.rebooted.is_set()


def test_where_sysrq_is_refused_the_kernel_is_asked_to_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path, sysrq=False)
    bench.fence.reset("the lock of shop was stolen")
    assert bench.rebooted.wait(10)
    assert bench.steps[0] == "surrendered"


def test_the_next_life_can_say_why_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.fence.reset("the lock of shop was stolen")
    assert last_reset(bench.note).endswith("the lock of shop was stolen")
    assert last_reset(bench.note) == ""


def test_a_disk_that_hangs_does_not_hold_up_the_reset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)
    hangs = threading.Event()
    monkeypatch.setattr(SelfFence, "_keep", lambda self, why: hangs.wait(60))
    bench.fence.reset("the lock disk does not answer")
    assert bench.trigger.read_text() == "b"
    hangs.set()
