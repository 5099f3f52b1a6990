# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The serial lines' relay, on real pseudo terminals."""

from __future__ import annotations

import array
import fcntl
import os
import select
import termios
import time
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.serial import End, Relay


@pytest.fixture
def ends(tmp_path: Path) -> tuple[End, End]:
    return End(tmp_path / "a"), End(tmp_path / "b")


def open_end(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


def waiting(end: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(end, termios.FIONREAD, count)
    return count[0]


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


def test_a_node_that_boots_finds_little_and_the_newest(
    tmp_path: Path, ends: tuple[End, End]
) -> None:
    """Its kernel would go deaf if it found 4096 bytes."""
    node = open_end(tmp_path / "b")
    for number in range(100):
        before = waiting(node)
        ends[1].write(b"%99d " % number)
        until = time.monotonic() + 5
        while waiting(node) == before and time.monotonic() < until:
            time.sleep(0.001)
    found = os.read(node, 10000)
    assert found.endswith(b" 99 ")
    assert len(found) < 2048


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
