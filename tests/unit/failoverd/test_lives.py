# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of a life only grows, whatever has become of the file and of the clock."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from failoverd.core import lives
from failoverd.persistence.lives import Lives

pytestmark = pytest.mark.finding("S4")


class Wall:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 0.002  # to start a daemon takes longer than that
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system that takes nothing more."""
    place = tmp_path / "full"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=True)
    try:
        with pytest.raises(OSError, match="No space"), (place / "rubbish").open("wb", 0) as file:
            while True:
                file.write(bytes(4096))
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_each_life_has_a_larger_number_that_cannot_be_guessed(tmp_path: Path, wall: Wall) -> None:
    found = [Lives(tmp_path, wall).begin() for _round in range(20)]
    assert found == sorted(set(found))
    assert len({life % (1 << lives.RANDOM_BITS) for life in found}) > 15
    assert all(0 < life < 2**64 for life in found)


def test_a_clock_that_goes_back_does_not_take_the_number_with_it(
    tmp_path: Path, wall: Wall
) -> None:
    before = Lives(tmp_path, wall).begin()
    wall.now = 5.0
    assert Lives(tmp_path, wall).begin() > before


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"-7", b"9" * 30, b"9" * 5000, b"\xff\xfe", b"1\x00", None]
)
def test_a_lost_or_damaged_count_does_not_go_back(
    tmp_path: Path, wall: Wall, content: bytes | None
) -> None:
    before = [Lives(tmp_path, wall).begin() for _round in range(3)][-1]
    path = tmp_path / "incarnation"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    after = Lives(tmp_path, wall).begin()
    assert before < after < 2**64
    assert Lives(tmp_path, wall).begin() > after


def test_a_full_disk_does_not_repeat_a_number_and_is_told(full: Path, wall: Wall) -> None:
    found = []
    for _round in range(20):
        life = Lives(full, wall)
        found.append(life.begin())
        assert "incarnation: the number of this life cannot be kept: No space left" in life.problem
    assert found == sorted(set(found))


def test_a_read_only_disk_does_not_repeat_a_number_and_is_told(full: Path, wall: Wall) -> None:
    (full / "rubbish").unlink()
    found = [Lives(full, wall).begin()]
    subprocess.run(["mount", "-o", "remount,ro", full], check=True)
    for _round in range(5):
        life = Lives(full, wall)
        found.append(life.begin())
        assert "Read-only file system" in life.problem
    assert found == sorted(set(found))


def test_what_could_not_be_kept_is_kept_once_there_is_room(full: Path, wall: Wall) -> None:
    life = Lives(full, wall)
    number = life.begin()
    (full / "rubbish").unlink()
    life.retry()
    assert life.problem == ""
    wall.now = 5.0
    assert Lives(full, wall).begin() > number


def test_a_number_that_was_raised_is_kept(tmp_path: Path, wall: Wall) -> None:
    life = Lives(tmp_path, wall)
    raised = lives.after(life.begin() + (1 << 40), 3)
    assert raised is not None
    life.keep(raised)
    assert Lives(tmp_path, wall).begin() > raised


@pytest.mark.parametrize("low", [lambda n: n, lambda n: n - 1, lambda n: n >> 30])
def test_a_raised_number_is_greater_and_keeps_the_bits_of_its_life(
    low: Callable[[int], int],
) -> None:
    known = lives.number(1_800_000_000_000, 77)
    raised = lives.after(known, low(known))
    assert raised is not None and raised > known
    assert raised % (1 << lives.RANDOM_BITS) == low(known) % (1 << lives.RANDOM_BITS)


def test_the_greatest_number_is_not_outdone() -> None:
    assert lives.after(2**64 - 1, 5) is None
