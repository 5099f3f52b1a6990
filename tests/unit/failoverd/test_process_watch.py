# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that ends is news; one that stands still is told from one that waits."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from failoverd.system import pidfd


def test_the_end_of_a_process_that_is_not_ours_is_told(until: Any, tmp_path: Path) -> None:
    """Applications are children of systemd, so their end cannot be waited for."""
    number = tmp_path / "pid"
    parent = subprocess.Popen(["sh", "-c", f"sleep 600 & echo $! > {number}; wait"])

    async def main() -> None:
        try:
            await until(lambda: number.exists() and number.read_text().strip())
            pid = int(number.read_text())
            ended: list[int] = []
            pidfd.ProcessWatch(pid, lambda: ended.append(pid))
            await asyncio.sleep(0)
            assert ended == []
            os.kill(pid, signal.SIGKILL)
            await until(lambda: ended)
        finally:
            parent.kill()
            parent.wait(60)
        with pytest.raises(OSError):
            pidfd.ProcessWatch(pid, lambda: None)

    asyncio.run(main())


def test_a_watch_that_was_closed_says_nothing(until: Any, sleeper: Any) -> None:
    async def main() -> None:
        child = sleeper()
        ended: list[int] = []
        pidfd.ProcessWatch(child.pid, lambda: ended.append(1)).close()
        other: list[int] = []
        pidfd.ProcessWatch(child.pid, lambda: other.append(1))
        child.kill()
        await until(lambda: other)
        assert ended == []

    asyncio.run(main())


def test_f51_a_stopped_process_is_told_from_a_waiting_one(until: Any, sleeper: Any) -> None:
    async def main() -> None:
        child = sleeper()
        assert not pidfd.is_stopped(child.pid)
        child.send_signal(signal.SIGSTOP)
        await until(lambda: pidfd.is_stopped(child.pid))
        child.send_signal(signal.SIGCONT)
        await until(lambda: not pidfd.is_stopped(child.pid))
        child.kill()
        child.wait(60)
        assert pidfd.state_of(child.pid) == ""

    asyncio.run(main())


def test_a_name_with_brackets_does_not_confuse(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text("7 (a) T b)) S 1 7 7 0\n")
    assert pidfd.state_of(7, tmp_path) == "S"
