# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multi-mount protection of ext4: the mount of a crashed file system waits for about 22 s.

The kernel watches meanwhile whether a host that it cannot ask still has the file system mounted. If
the last host was the peer, the peer is proven off, and the block of the protection has stood still
for two of its updates, the block is reset, and the mount does not wait. Everything else is left to
the kernel: another host, a check of the file system, a block that is still updated (F12).

e2fsprogs reads and resets the block; ext4(5) and tune2fs(8) describe it.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from failoverd.system.process import run

DUMP = ("/usr/sbin/dumpe2fs", "-h")
RESET = ("/usr/sbin/tune2fs", "-f", "-E", "clear_mmp")
LOOK_S, RESET_S = 10.0, 50.0
UPDATES = 2
"""So many updates the last host must have missed."""
CLEAN, CHECKED = 0xFF4D4D50, 0xE24D4D50
"""Values that are no count: unmounted in order, and under check (linux/fs/ext4/ext4.h)."""
LONGEST_S = 10.0
"""A longer watch would not be quicker than the kernel's own."""


@dataclass(frozen=True)
class Block:
    """What the block says. interval_s: how often the host that has it mounted updates it."""

    sequence: int
    host: str
    interval_s: float


def parse(text: str) -> Block | None:
    """Read the output of dumpe2fs -h; None without a block."""
    found = {}
    for name, word in (("seq", "mmp_sequence"), ("host", "mmp_node_name")):
        match = re.search(rf"^\s*{word}:\s*(\S+)\s*$", text, re.MULTILINE)
        found[name] = match[1] if match else ""
    interval = re.search(r"^MMP update interval:\s*(\d{1,5})\s*$", text, re.MULTILINE)
    if not re.fullmatch(r"0x[0-9a-f]{1,8}", found["seq"]) or interval is None:
        return None
    return Block(int(found["seq"], 16), found["host"], float(interval[1]))


def of(block: Block, host: str) -> bool:
    """That host had it mounted, and did not unmount it."""
    crashed = block.sequence not in (CLEAN, CHECKED)
    return crashed and block.host.partition(".")[0] == host.partition(".")[0] != ""


class Protection:
    """The protection of one file system, looked at early and reset when it is mounted."""

    def __init__(self, device: str, peer: str) -> None:
        self._device, self._peer = device, peer
        self._still: Block | None = None

    async def watch(self) -> None:
        """The peer is proven off: see whether the block stands still. Takes two of its updates."""
        self._still = None
        first = await self._look()
        if first is None or not of(first, self._peer) or UPDATES * first.interval_s > LONGEST_S:
            return
        await asyncio.sleep(UPDATES * first.interval_s)
        if await self._look() == first:
            self._still = first

    async def reset(self) -> bool:
        """Nothing else may use the device now. True if the mount need not wait."""
        still, self._still = self._still, None
        if still is None or await self._look() != still:
            return False
        done = await run(*RESET, self._device, timeout_s=RESET_S)
        return done.code == 0

    async def _look(self) -> Block | None:
        done = await run(*DUMP, self._device, timeout_s=LOOK_S)
        return parse(done.output) if done.code == 0 else None
