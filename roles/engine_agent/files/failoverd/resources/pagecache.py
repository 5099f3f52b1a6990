# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads the programs of the applications into memory on a standby, for a faster takeover.

The first start of a database server on a node reads its program and libraries from the disk, which
took two thirds of the start in the lab. Reading them early harms nobody.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path

from failoverd.system.process import run

LINKER = "/lib64/ld-linux-x86-64.so.2"
CHUNK = 1 << 20
_EXEC = re.compile(r"^\s*ExecStart\s*=\s*[-@:+!]*(/\S+)", re.MULTILINE)
_LIBRARY = re.compile(r"(?:=>\s*)?(/\S+)\s+\(0x")


def programs(unit_file: str) -> list[str]:
    """The programs that a unit file starts."""
    return _EXEC.findall(unit_file)


def libraries(listing: str) -> list[str]:
    """The files in the list of the dynamic linker for a program."""
    return _LIBRARY.findall(listing)


async def warm(unit_files: Iterable[str]) -> int:
    """Read the programs of these unit files and their libraries once; returns bytes read.

    Unreadable files are left out: this only saves time.
    """
    total = 0
    for path in unit_files:
        for program in programs(await asyncio.to_thread(_text, path)):
            listing = (await run(LINKER, "--list", program, timeout_s=20)).output
            for file in [program, *libraries(listing)]:
                total += await asyncio.to_thread(_read, Path(file))
    return total


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _read(path: Path) -> int:
    total = 0
    try:
        with path.open("rb", buffering=0) as stream:
            while block := stream.read(CHUNK):
                total += len(block)
    except OSError:
        return total
    return total
