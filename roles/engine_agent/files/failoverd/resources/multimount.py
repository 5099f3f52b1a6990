# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multi-mount protection of ext4: the mount of a crashed file system waits for about 22 s.

The kernel watches meanwhile whether a host that it cannot ask still has the file system mounted.
The same is watched here while the peer is not heard, so that nothing is left to wait for. The block
of the protection is reset if the last host was the peer, if the peer is proven off or its lock is
held here, and if the block has stood still for as long as these ask for. Everything else is left to
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
    """What the block says."""

    sequence: int
    host: str
    update_s: float
    """How often the host that has it mounted updates it."""
    check_s: float
    """After so long without an update the kernel begins to doubt that this host lives."""

    def crashed(self, host: str) -> bool:
        """That host had it mounted, and did not unmount it."""
        counts = self.sequence not in (CLEAN, CHECKED)
        return counts and self.host.partition(".")[0] == host.partition(".")[0] != ""

    def still_s(self, *, off: bool) -> float:
        """How long it must stand still. off: its host is proven off."""
        missed_s = UPDATES * self.update_s
        return missed_s if off else max(missed_s, self.check_s)


def parse(text: str) -> Block | None:
    """Read the output of dumpe2fs -h; None without a block."""
    sequence = _word(r"\s+mmp_sequence:\s*0x([0-9a-f]{1,8})", text)
    host = _word(r"\s+mmp_node_name:\s*(\S{1,64})", text)
    update_s = _word(r"MMP update interval:\s*(\d{1,5})", text)
    check_s = _word(r"\s+mmp_check_interval:\s*(\d{1,5})", text)
    if not (sequence and update_s and check_s):
        return None
    return Block(int(sequence, 16), host, float(update_s), float(check_s))


def _word(pattern: str, text: str) -> str:
    found = re.search(rf"^{pattern}\s*$", text, re.MULTILINE)
    return found[1] if found else ""


class Protection:
    """The protection of one file system. peer: whose crash need not be waited for."""

    def __init__(self, device: str, peer: str) -> None:
        self._device, self._peer = device, peer
        self._seen: tuple[Block, float] | None = None
        """What the peer left, and since when it has been known to say this."""

    async def observe(self) -> None:
        """Look what it says, and remember since when."""
        done = await run(*DUMP, self._device, timeout_s=LOOK_S)
        block = parse(done.output) if done.code == 0 else None
        if block is None or not block.crashed(self._peer):
            self._seen = None
        elif self._seen is None or self._seen[0] != block:
            self._seen = (block, _now())

    async def watch(self, *, off: bool) -> None:
        """See to it that it has been looked at for long enough."""
        await self.observe()
        if self._seen is None:
            return
        block, since = self._seen
        if block.still_s(off=off) <= LONGEST_S:
            await asyncio.sleep(since + block.still_s(off=off) - _now())

    async def reset(self, *, off: bool) -> bool:
        """Nothing else may use the device now. True if the mount need not wait."""
        await self.observe()
        if self._seen is None:
            return False
        block, since = self._seen
        if _now() - since < block.still_s(off=off):
            return False
        done = await run(*RESET, self._device, timeout_s=RESET_S)
        return done.code == 0


def _now() -> float:
    return asyncio.get_running_loop().time()
