# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the programs of a standby's applications in memory, so that a takeover need not read them.

The first start of a database server on a node that never ran it reads its program and libraries
from a cold disk: two thirds of the start in the lab. Reading them ahead harms nobody.
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
    """The programs that a unit file's text starts."""
    return _EXEC.findall(unit_file)


def libraries(listing: str) -> list[str]:
    """The files in what the dynamic linker lists of a program."""
    return _LIBRARY.findall(listing)


async def warm(unit_files: Iterable[str]) -> int:
    """Read the programs of these unit files and their libraries once; returns bytes read.

    What cannot be read is left out: this is a matter of speed only.
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
