# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lockstep of two cores finds where they part (see tests.lockstep)."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from failoverd.core import events
from failoverd.core import step as core
from failoverd.core.config import CoreConfig, ServiceConfig
from failoverd.journal.lines import Encoder, head
from tests.lockstep import baseline, streams
from tests.lockstep.shadow import Shadow
from tests.simulation import daemon

CORE = baseline.ROOT / baseline.WHERE
SEEDS = range(1, 4)


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The text of the core of the working tree, for a test to change."""
    shutil.copytree(CORE, tmp_path / baseline.NAME)
    baseline.rename(tmp_path / baseline.NAME)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in [name for name in sys.modules if name.startswith(baseline.NAME)]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("begin", "step", "deadline"):
        monkeypatch.setattr(daemon, name, getattr(daemon, name))
    return tmp_path


def changed(other: Path, old: str, new: str) -> None:
    """Every rule with that text says something else."""
    for path in (other / baseline.NAME).rglob("*.py"):
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_core_does_what_it_does_itself(other: Path) -> None:
    shadow = Shadow(baseline.Baseline(other))
    assert [streams.world(shadow, seed) for seed in SEEDS] == ["", "", ""]
    assert shadow.steps > 1000


def test_another_order_is_found(other: Path) -> None:
    changed(other, "is alive", "lives")
    shadow = Shadow(baseline.Baseline(other))
    assert any("lives" in streams.world(shadow, seed) for seed in SEEDS)


def test_another_deadline_is_found(other: Path) -> None:
    changed(other, "timing.heartbeat_s\n", "timing.heartbeat_s * 1.01\n")
    shadow = Shadow(baseline.Baseline(other))
    assert any("the next tick is due" in streams.world(shadow, seed) for seed in SEEDS)


def test_a_journal_is_played_as_well(other: Path) -> None:
    config = CoreConfig("c", "a", "b", ("lan",), (ServiceConfig("shop"),))
    state, _actions = core.begin(config, 1 << 30, 100.0)
    encoder, wish = Encoder(), events.Command(1, events.Verb.MAINTENANCE, "on", "me")
    lines = [head(state, 100.0, 0.0, begin=True, lost=0)]
    lines += [encoder.input(event, 100.5) for event in (events.Tick(), wish)]
    journal = other / "journal"
    journal.mkdir()
    (journal / "1.jsonl").write_bytes(b"".join(lines) + b'{"t": cut off')
    changed(other, "maintenance mode is {event.argument}", "maintenance is {event.argument}")
    shadow = Shadow(baseline.Baseline(other))
    (apart,) = streams.journals(shadow, journal)
    assert shadow.steps == 3
    assert "maintenance is on" in apart
