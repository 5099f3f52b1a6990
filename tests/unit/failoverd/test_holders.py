# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever holds a device open is found and ended, and nobody else (F40)."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from failoverd.resources import drbd, users
from failoverd.resources.drbd import Drbd, Options
from failoverd.resources.settings import ResourceSettings
from failoverd.system import mounts
from failoverd.system.aside import aside
from tests.unit.bounded import LIMIT_S, within

from .mute_mount import mute_mount

HOLD = (
    "import sys, time; file = open(sys.argv[1], 'rb'); print('open', flush=True); time.sleep(600)"
)

PROC = "version: 8.4.11\n 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n"


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A block device of our own."""
    file = tmp_path / "disk"
    with file.open("wb") as handle:
        handle.truncate(1 << 20)
    made = subprocess.run(
        ["losetup", "--find", "--show", str(file)], capture_output=True, text=True, check=True
    )
    path = Path(made.stdout.strip())
    try:
        yield path
    finally:
        subprocess.run(["losetup", "--detach", str(path)], check=True)


@pytest.fixture
def hold() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Starts a process that holds a file open."""
    children: list[subprocess.Popen[str]] = []

    def start(path: Path) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
        )
        children.append(child)
        assert child.stdout is not None and within(child.stdout.readline) == "open\n"
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate(timeout=LIMIT_S)


def test_the_holder_is_found_and_a_user_of_its_file_system_is_not(
    device: Path, tmp_path: Path, hold: Callable[[Path], subprocess.Popen[str]]
) -> None:
    holder, other = hold(device), hold(tmp_path / "disk")
    number = device.stat().st_rdev
    found = users.find(users.Node((os.major(number), os.minor(number))))
    assert holder.pid in found and other.pid not in found


@pytest.fixture
def absent(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that works on the file system of another host, which does not answer any more."""
    with mute_mount(tmp_path / "far") as far:
        child = subprocess.Popen(["sleep", "600"], cwd=far.path)
        far.mute.set()
        try:
            yield child
        finally:
            child.kill()
            child.wait(LIMIT_S)


def test_f54_a_process_that_waits_for_another_host_holds_up_no_search_for_users_of_a_disk(
    absent: subprocess.Popen[bytes], device: Path, hold: Callable[[Path], subprocess.Popen[str]]
) -> None:
    holder, number = hold(device), device.stat().st_rdev
    assert within(users.find, users.Node((os.major(number), os.minor(number)))) == {holder.pid}
    assert absent.pid not in within(users.find, users.Content((os.major(number), os.minor(number))))


def test_f54_a_mount_of_another_host_is_still_known_to_be_used(
    absent: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    [mount] = [m for m in mounts.mounted() if m.path == str(tmp_path / "far")]
    assert within(users.find, users.Single(mount.number)) == {absent.pid}


def test_a_demotion_ends_who_holds_the_device(
    device: Path,
    tmp_path: Path,
    hold: Callable[[Path], subprocess.Popen[str]],
    script: Callable[[str, str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holder = hold(device)
    proc = tmp_path / "proc"
    proc.write_text(PROC)
    monkeypatch.setattr(drbd, "PROC", str(proc))
    monkeypatch.setattr(drbd, "BRIEFLY_S", 0.0)
    busy = "echo 'State change failed: (-12) Device is held open by someone' >&2; exit 11"
    setup = f"kill -0 {holder.pid} 2>/dev/null && {{ {busy}; }}\nsed -i s/Primary/Secondary/ {proc}"
    monkeypatch.setattr(drbd, "SETUP_84", (script("drbdsetup", setup),))
    told: list[str] = []
    settings = ResourceSettings("drbd", "drbd", (), 20.0, 20.0, Options("shop", 0, str(device)))
    disk = Drbd(settings, tmp_path, lambda code, text: told.append(f"{code}: {text}"))

    async def stop() -> None:
        # The ended child has to be reaped, or it would still look alive.
        reaper = aside(holder.wait, LIMIT_S)
        await disk.stop()
        await reaper

    asyncio.run(stop())
    assert holder.poll() == -15
    (alert,) = told
    assert alert.startswith("users-ended: drbd shop: was in use by ") and str(holder.pid) in alert
