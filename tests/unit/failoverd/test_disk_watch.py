# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F44: a disk that hangs or fails is told in bounded time, and hangs nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.events import DiskTried, Event
from failoverd.monitors.backing_disk import BLOCK, DiskWatch, read_block
from failoverd.monitors.settings import DiskSettings


@contextlib.contextmanager
def loop_device(image: Path) -> Iterator[str]:
    made = subprocess.run(
        ["losetup", "--find", "--show", "--direct-io=on", str(image)],
        check=True,
        capture_output=True,
        text=True,
    )
    device = made.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


def watch(
    path: Path | str, events: list[Event], deadline_s: float = 30.0, **more: Any
) -> DiskWatch:
    settings = DiskSettings(deadline_s=deadline_s, confirmations=2)
    return DiskWatch("shop", str(path), settings, events.append, **more)


def test_a_good_disk_is_told_once_and_an_empty_one_is_not_good(tmp_path: Path) -> None:
    image = tmp_path / "disk"
    image.write_bytes(bytes(1 << 20))
    (tmp_path / "empty").touch()
    events: list[Event] = []

    async def main() -> None:
        with loop_device(image) as device:
            disk = watch(device, events)
            for _round in range(5):
                await disk.attempt()
            assert disk.status()["state"] == "ok" and disk.status()["read_ms"] > 0
            with pytest.raises(OSError, match="No such device"):
                read_block(str(tmp_path / "empty"), 0.0)

    asyncio.run(main())
    assert events == [DiskTried("shop", "")]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_each_place_of_the_disk_can_be_read(tmp_path: Path, share: float) -> None:
    image = tmp_path / "disk"
    image.write_bytes(bytes(16 * BLOCK))
    with loop_device(image) as device:
        read_block(device, share)


def test_a_disk_that_fails_is_told_when_it_is_confirmed(tmp_path: Path) -> None:
    image = tmp_path / "disk"
    image.write_bytes(bytes(1 << 20))
    events: list[Event] = []

    async def main() -> None:
        with loop_device(image) as device:
            disk = watch(device, events)
            await disk.attempt()
            os.truncate(image, 0)  # from now on the kernel says EIO
            await disk.attempt()
            assert events == [DiskTried("shop", "")], "a single error is not yet a dead disk"
            await disk.attempt()
            image.write_bytes(bytes(1 << 20))
            for _round in range(2):
                await disk.attempt()
            assert len(events) == 2, "nor is it well after a read or two"
            await disk.attempt()

    asyncio.run(main())
    assert events == [
        DiskTried("shop", ""),
        DiskTried("shop", "cannot be read: Input/output error"),
        DiskTried("shop", ""),
    ]


def test_an_absent_disk_is_told(tmp_path: Path) -> None:
    events: list[Event] = []

    async def main() -> None:
        disk = watch(tmp_path / "none", events)
        for _round in range(2):
            await disk.attempt()

    asyncio.run(main())
    assert events == [DiskTried("shop", "cannot be read: No such file or directory")]


def test_a_disk_that_hangs_costs_two_threads_and_the_loop_goes_on(tmp_path: Path) -> None:
    """A named pipe without a writer holds up open() as a dead disk does."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    events: list[Event] = []
    calls: list[float] = []

    def read(path: str, share: float) -> None:
        calls.append(share)
        with open(path, "rb", buffering=0):  # noqa: PTH123
            pass

    async def main() -> None:
        disk = watch(pipe, events, 0.1, read=read)
        await disk.attempt()
        assert not events, "a single slow read is nothing (F52)"
        for _round in range(4):
            await disk.attempt()
        assert events == [DiskTried("shop", "has not answered a read for 0.1 s")]
        assert len(calls) == 2 and calls[0] != calls[1]
        end = os.open(pipe, os.O_WRONLY)
        while len(events) < 2:
            await disk.attempt()
        os.close(end)
        assert events[1] == DiskTried("shop", "")

    asyncio.run(main())
