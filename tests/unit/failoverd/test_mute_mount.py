# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests run side by side: a file system that one of them makes mute holds up no other one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.unit.bounded import LIMIT_S, within

from .mute_mount import mute_mount
from .postgres_server import Server


def test_who_waits_for_it_is_let_go_at_its_end(tmp_path: Path) -> None:
    with mute_mount(tmp_path) as far:
        far.mute.set()
        asks = subprocess.Popen(["stat", tmp_path], stderr=subprocess.PIPE)
        try:
            waited = far.waits.wait(LIMIT_S)
        except BaseException:
            asks.kill()
            raise
    try:
        said = asks.communicate(timeout=LIMIT_S)[1]
    finally:
        asks.kill()
    assert waited
    assert b"cannot stat" in said or b"cannot statx" in said


def test_a_search_for_the_processes_of_a_server_asks_no_directory(tmp_path: Path) -> None:
    server = Server.__new__(Server)
    server.data = tmp_path / "data"
    server.data.mkdir()
    (tmp_path / "far").mkdir()
    with mute_mount(tmp_path / "far") as far:
        absent = subprocess.Popen(["sleep", "600"], cwd=far.path)
        works = subprocess.Popen(["sleep", "600"], cwd=server.data)
        try:
            far.mute.set()
            assert within(server._working) == [works.pid]
        finally:
            absent.kill()
            works.kill()
            absent.wait(LIMIT_S)
            works.wait(LIMIT_S)
