# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pid files: the right process is found again, and never a stranger."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.process import ProcessId, read_pid_file, write_pid_file

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEPER) as process:
        yield process
        process.kill()


def identity(process: subprocess.Popen[bytes]) -> ProcessId:
    found = ProcessId.of(process.pid)
    assert found
    return found


def test_a_recorded_process_is_found_again(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    write_pid_file(tmp_path / "x.pid", identity(child))
    found = read_pid_file(tmp_path / "x.pid")
    assert found == identity(child)
    assert found.alive()


def test_a_stranger_with_the_same_pid_is_neither_alive_nor_signalled(
    child: subprocess.Popen[bytes],
) -> None:
    for stranger in (
        replace(identity(child), started=1),
        replace(identity(child), boot="another boot"),
    ):
        assert not stranger.alive()
        stranger.stop(0.1)
        assert stranger.wait(0)
    assert child.poll() is None


def test_stop_ends_the_process(child: subprocess.Popen[bytes]) -> None:
    identity(child).stop()
    assert child.wait(10) != 0


def test_an_ended_child_not_yet_waited_for_is_not_alive(child: subprocess.Popen[bytes]) -> None:
    process = identity(child)
    child.kill()
    assert process.wait(10)
    assert not process.alive()


@pytest.mark.parametrize("text", ["", "12", "{}", '{"pid": "x", "started": 1, "boot": ""}'])
def test_a_damaged_pid_file_names_nobody(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.pid"
    path.write_text(text, encoding="ascii")
    assert read_pid_file(path) is None
    assert read_pid_file(tmp_path / "missing.pid") is None
