# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies on a block device, found without writing to it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]

SAMPLE = 1 << 20
"""Bytes at either end of a device that must be zero for it to count as empty."""


def inspect(device: str, run: Run) -> dict[str, Any]:
    """Return exists, block, size (bytes), signature, zero, used and filesystem of a device.

    signature is the name of what blkid finds, "" for nothing. used says in one word why the
    device is busy: mounted, swap or held (another device stands on it). filesystem is the size of
    an ext4 or xfs on it (bytes), 0 if there is none or it cannot be told.
    """
    result: dict[str, Any] = {
        "exists": os.path.exists(device),
        "block": False,
        "size": 0,
        "signature": "",
        "zero": False,
        "used": "",
        "filesystem": 0,
    }
    if not result["exists"]:
        return result
    result["block"] = stat.S_ISBLK(os.stat(device).st_mode)
    if not result["block"]:
        return result
    result["used"] = _used(device)
    with open(device, "rb", buffering=0) as handle:
        size = os.lseek(handle.fileno(), 0, os.SEEK_END)
        result["size"] = size
        result["zero"] = _zero(handle.fileno(), size)
    result["signature"] = signature(device, run)
    result["filesystem"] = filesystem(device, result["signature"], run)
    return result


def content(found: Mapping[str, Any]) -> str:
    """Return what an inspected device holds, in words; "" if it is empty."""
    return str(found["signature"]) or ("" if found["zero"] else "data of an unknown kind")


ASK = {
    "ext4": (["dumpe2fs", "-h"], r"^Block count:\s+(\d+)", r"^Block size:\s+(\d+)"),
    "xfs": (
        ["xfs_db", "-r", "-c", "sb 0", "-c", "print dblocks blocksize"],
        r"^dblocks = (\d+)",
        r"^blocksize = (\d+)",
    ),
}
"""Command that tells of a file system, and how its number and size of blocks are written."""


def filesystem(device: str, kind: str, run: Run) -> int:
    """Return the size of the file system on a device in bytes, 0 if it cannot be told."""
    if kind not in ASK:
        return 0
    command, *patterns = ASK[kind]
    # The programs of a file system that is not used here need not be there.
    code, out, _err = run(["env", *command, device])
    found = [re.search(pattern, out, re.MULTILINE) for pattern in patterns]
    count, size = (int(match[1]) if match else 0 for match in found)
    return 0 if code else count * size


def signature(device: str, run: Run) -> str:
    """Return the type that blkid finds on a device, "" when it finds nothing."""
    code, out, _err = run(["blkid", "-p", "-o", "export", device])
    if code == 2 and not out.strip():
        return ""
    found = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    # Exit 8 means several signatures at once: that is data too.
    return found.get("TYPE") or found.get("PTTYPE") or "unknown data"


MARKS = {"ext4": (1080, b"\x53\xef"), "xfs": (0, b"XFSB")}
"""Where the mark of a file system stands, and what it is. That of ext4 is that of ext2 and ext3."""


def holds(device: str) -> str:
    """Return the file system on a device, "" for none of these, also if DRBD has it attached."""
    if not os.path.exists(device):
        return ""
    with open(device, "rb", buffering=0) as handle:
        for kind, (offset, mark) in MARKS.items():
            if os.pread(handle.fileno(), len(mark), offset) == mark:
                return kind
    return ""


def _zero(descriptor: int, size: int) -> bool:
    for offset in (0, max(0, size - SAMPLE)):
        if any(os.pread(descriptor, SAMPLE, offset)):
            return False
    return True


def _used(device: str) -> str:
    real = os.path.realpath(device)
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        if any(os.path.realpath(line.split()[0]) == real for line in mounts if line[0] == "/"):
            return "mounted"
    with open("/proc/swaps", encoding="utf-8") as swaps:
        if any(line.split()[0] == real for line in swaps):
            return "swap"
    holders = f"/sys/class/block/{os.path.basename(real)}/holders"
    if os.path.isdir(holders) and os.listdir(holders):
        return "held"
    return ""
