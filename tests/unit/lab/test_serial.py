# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The serial lines' relay, on real pseudo terminals."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.serial import End, Relay


@pytest.fixture
def ends(tmp_path: Path) -> tuple[End, End]:
    return End(tmp_path / "a"), End(tmp_path / "b")


def open_end(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


def carry(relay: Relay, end: End) -> None:
    assert select.select([end.master], [], [], 5)[0]
    relay.carry(end.master)


def test_bytes_pass_unchanged(tmp_path: Path, ends: tuple[End, End]) -> None:
    relay = Relay({"serial": ends})
    left, right = open_end(tmp_path / "a"), open_end(tmp_path / "b")
    os.write(left, b"\x00\n\r\x03\x7f")
    carry(relay, ends[0])
    assert os.read(right, 100) == b"\x00\n\r\x03\x7f"


def test_a_cut_line_drops_what_is_sent(tmp_path: Path, ends: tuple[End, End]) -> None:
    relay = Relay({"serial": ends})
    left, right = open_end(tmp_path / "a"), open_end(tmp_path / "b")
    assert relay.answer({"line": "serial", "state": "down"}) == {"lines": {"serial": "down"}}
    os.write(left, b"lost")
    carry(relay, ends[0])
    relay.answer({"line": "serial", "state": "up"})
    os.write(left, b"kept")
    carry(relay, ends[0])
    assert os.read(right, 100) == b"kept"


def test_an_end_that_does_not_read_loses_bytes_and_stops_nobody(ends: tuple[End, End]) -> None:
    for _round in range(1000):
        ends[1].write(b"x" * 1000)
    assert ends[1].read() == b""


def test_a_node_that_dies_does_not_hang_up_the_line(tmp_path: Path, ends: tuple[End, End]) -> None:
    relay = Relay({"serial": ends})
    os.close(open_end(tmp_path / "a"))
    again = open_end(tmp_path / "a")
    os.write(again, b"back")
    carry(relay, ends[0])
    assert os.read(open_end(tmp_path / "b"), 100) == b"back"


def test_an_unknown_line_is_refused(ends: tuple[End, End]) -> None:
    with pytest.raises(LabError):
        Relay({"serial": ends}).answer({"line": "other", "state": "down"})
