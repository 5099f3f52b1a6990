# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multi-mount protection is not waited for when whoever it protects from is proven off."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from failoverd.core.state import Life
from failoverd.resources import filesystem, lookout, multimount
from failoverd.resources.multimount import Block
from failoverd.resources.settings import ResourceSettings

from .loop_mounts import play

SAYS = """
MMP block number:         4385
MMP update interval:      1
MMP_block:
    mmp_magic: 0x4d4d50
    mmp_check_interval: 5
    mmp_sequence: {sequence}
    mmp_update_date: Fri Nov 27 07:57:32 2026
    mmp_node_name: node1.example
    mmp_device_name: sdb
"""


def read(sequence: str) -> Block:
    block = multimount.parse(SAYS.format(sequence=sequence))
    assert block is not None
    return block


def test_the_block_is_read_from_what_e2fsprogs_says() -> None:
    block = read("0x00002a")
    assert block == Block(42, "node1.example", 1.0, 5.0)
    assert block.crashed("node1")
    assert not block.crashed("node2")
    assert not block.crashed("")


def test_without_a_device_it_must_stand_still_until_the_kernel_would_doubt() -> None:
    assert read("0x00002a").still_s(off=True) == 2.0
    assert read("0x00002a").still_s(off=False) == 5.0


@pytest.mark.parametrize("sequence", ["0xff4d4d50", "0xe24d4d50"])
def test_a_file_system_in_order_or_under_check_is_nobodys_crash(sequence: str) -> None:
    assert not read(sequence).crashed("node1")


@pytest.mark.parametrize("text", ["", "Filesystem state: clean\n", SAYS.format(sequence="many")])
def test_no_protection_is_nothing_to_wait_for(text: str) -> None:
    assert multimount.parse(text) is None


IMAGE = """
crashed = here / "crashed"
with crashed.open("wb") as file:
    file.truncate(8 << 20)
sh("mkfs.ext4", "-q", "-F", "-O", "mmp", "-E", "mmp_update_interval=1", crashed)
"""
HOST = os.uname().nodename
RESET = hex(multimount.CLEAN)


def crash(tmp_path: Path, peer: str, gone: bool, locked: bool, meanwhile: str = "pass") -> str:
    """What the block says when the kernel is asked to mount what a host of this name has left."""
    result = play(
        tmp_path,
        IMAGE
        + f"""
live, there = attach(crashed), here / "there"
there.mkdir()
sh("mount", live, there)
sh("dd", f"if={{live}}", f"of={{disk}}", "bs=1M", "conv=fsync", "status=none")
sh("umount", there)
sh("losetup", "--detach", live)
from failoverd.resources import multimount
options = replace(fs.settings.options, waits_for={peer!r}, locked={locked})
fs = Filesystem(replace(fs.settings, options=options), fs._alert)

async def start():
    await fs.prepare(Situation({gone}))
    {meanwhile}
    await fs.start(Situation({gone}))

def mount():
    said = subprocess.run([*multimount.DUMP, disk], check=True, capture_output=True, text=True)
    result["sequence"] = hex(multimount.parse(said.stdout).sequence)

fs._mount = mount
run(start())
""",
    )
    return str(result["sequence"])


@pytest.mark.parametrize(("gone", "locked"), [(True, False), (False, True)])
def test_the_crash_of_a_peer_that_is_excluded_is_not_waited_for(
    tmp_path: Path, gone: bool, locked: bool
) -> None:
    assert crash(tmp_path, HOST, gone, locked) == RESET


def test_the_kernel_waits_when_nothing_is_excluded(tmp_path: Path) -> None:
    assert crash(tmp_path, HOST, gone=False, locked=False) != RESET


def test_the_kernel_waits_for_another_host(tmp_path: Path) -> None:
    assert crash(tmp_path, "other", gone=True, locked=True) != RESET


def test_the_kernel_waits_for_a_host_that_goes_on(tmp_path: Path) -> None:
    """F12: the device lies. What was seen first is not what is read in the end."""
    before = "replace(fs._protection._seen[0], sequence=77777)"
    other = f"fs._protection._seen = ({before}, fs._protection._seen[1])"
    assert crash(tmp_path, HOST, gone=True, locked=True, meanwhile=other) != RESET


@pytest.mark.parametrize(
    ("silent", "held", "looks"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_it_is_looked_at_while_the_peer_is_silent_and_the_service_is_not_here(
    silent: bool, held: bool, looks: bool
) -> None:
    seen: list[str] = []

    class Left(filesystem.Filesystem):
        async def observe(self) -> None:
            seen.append(str(self))

    def state() -> Any:
        peer = SimpleNamespace(life=Life.SILENT if silent else Life.ALIVE)
        return SimpleNamespace(peer=peer, services=(SimpleNamespace(name="shop", held=held),))

    options = filesystem.Options("/dev/none", "/srv/shop", "ext4", "", "node1")
    settings = ResourceSettings("mount", "filesystem", (), 5.0, 5.0, options)
    service: Any = SimpleNamespace(resources={"mount": Left(settings, lambda code, text: None)})

    async def rest(seconds: float) -> None:
        if rests.pop():
            raise asyncio.CancelledError

    rests = [True, False]
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(lookout.watch({"shop": service}, state, rest))
    assert seen == (["/srv/shop"] if looks else [])
