# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multi-mount protection is not waited for when whoever it protects from is proven off."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from failoverd.resources import multimount
from failoverd.resources.multimount import Block

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


def test_the_block_is_read_from_what_e2fsprogs_says() -> None:
    block = multimount.parse(SAYS.format(sequence="0x00002a"))
    assert block == Block(42, "node1.example", 1.0)
    assert multimount.of(block, "node1")
    assert not multimount.of(block, "node2")


@pytest.mark.parametrize("sequence", ["0xff4d4d50", "0xe24d4d50"])
def test_a_file_system_in_order_or_under_check_is_nobodys_crash(sequence: str) -> None:
    block = multimount.parse(SAYS.format(sequence=sequence))
    assert block is not None
    assert not multimount.of(block, "node1")


@pytest.mark.parametrize("text", ["", "Filesystem state: clean\n", SAYS.format(sequence="many")])
def test_no_protection_is_nothing_to_wait_for(text: str) -> None:
    assert multimount.parse(text) is None


def crash(tmp_path: Path, peer: str, gone: bool, meanwhile: str = "pass") -> str:
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
fs = Filesystem(replace(fs.settings, options=replace(fs.settings.options, waits_for={peer!r})),
                fs._alert)

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


IMAGE = """
crashed = here / "crashed"
with crashed.open("wb") as file:
    file.truncate(8 << 20)
sh("mkfs.ext4", "-q", "-F", "-O", "mmp", "-E", "mmp_update_interval=1", crashed)
"""
HOST = os.uname().nodename
RESET = hex(multimount.CLEAN)


def test_the_crash_of_a_peer_that_is_proven_off_is_not_waited_for(tmp_path: Path) -> None:
    assert crash(tmp_path, HOST, gone=True) == RESET


def test_the_kernel_waits_when_nothing_is_proven(tmp_path: Path) -> None:
    assert crash(tmp_path, HOST, gone=False) != RESET


def test_the_kernel_waits_for_another_host(tmp_path: Path) -> None:
    assert crash(tmp_path, "other", gone=True) != RESET


def test_the_kernel_waits_for_a_host_that_goes_on(tmp_path: Path) -> None:
    """F12: the device lies. It writes its next number into the block."""
    number = "fs._protection._still = replace(fs._protection._still, sequence=77777)"
    assert crash(tmp_path, HOST, gone=True, meanwhile=number) != RESET
