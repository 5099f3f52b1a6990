# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node writes down of the other one's services."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.message import Local
from failoverd.core.state import Life, State
from failoverd.journal.sightings import Sightings

from .test_replay import Life as JournalledLife


class Told:
    """A history that keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, dict[str, Any]]] = []

    def add(
        self,
        code: str,
        text: str,
        *,
        alert: bool = False,
        service: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        self.entries.append((code, service, data or {}))


@pytest.fixture
def heard(tmp_path: Path) -> State:
    """node1 hears node2, where shop runs."""
    life = JournalledLife(tmp_path)
    state = life.whole().state
    assert state.peer.message is not None
    return replace(state, peer=replace(state.peer, life=Life.ALIVE, last=100.0))


def says(state: State, local: Local, last: float) -> State:
    message = state.peer.message
    assert message is not None
    report = replace(message.services[0], local=local)
    said = replace(message, sequence=message.sequence + 1, services=(report,))
    return replace(state, peer=replace(state.peer, message=said, last=last))


def test_each_change_is_written_once_with_the_time_at_which_it_was_heard(heard: State) -> None:
    told = Told()
    sightings = Sightings(told, wall=lambda: 5000.0)
    sightings.look(heard, 100.2)
    sightings.look(heard, 100.4)
    sightings.look(says(heard, Local.RUNNING, 101.0), 101.1)
    sightings.look(says(heard, Local.STOPPING, 102.0), 102.5)
    assert told.entries == [
        ("seen", "shop", {"node": "node2", "local": "running", "heard": 4999.8}),
        ("seen", "shop", {"node": "node2", "local": "stopping", "heard": 4999.5}),
    ]


@pytest.mark.parametrize("life", [Life.SILENT, Life.GONE])
def test_a_silence_is_written_once_with_the_last_sign_of_life(heard: State, life: Life) -> None:
    told = Told()
    sightings = Sightings(told, wall=lambda: 5000.0)
    sightings.look(heard, 100.2)
    lost = replace(heard, peer=replace(heard.peer, life=life))
    sightings.look(lost, 103.0)
    sightings.look(lost, 104.0)
    assert told.entries[1:] == [("last-heard", "", {"node": "node2", "heard": 4997.0})]


def test_who_returns_is_seen_anew(heard: State) -> None:
    told = Told()
    sightings = Sightings(told)
    sightings.look(heard, 100.2)
    sightings.look(replace(heard, peer=replace(heard.peer, life=Life.SILENT)), 103.0)
    sightings.look(heard, 110.0)
    assert [code for code, _service, _data in told.entries] == ["seen", "last-heard", "seen"]


def test_a_peer_that_was_never_heard_is_not_written(heard: State) -> None:
    told = Told()
    unseen = replace(heard, peer=replace(heard.peer, life=Life.UNSEEN, message=None))
    Sightings(told).look(unseen, 100.0)
    assert told.entries == []
