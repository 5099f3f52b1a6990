# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a program could run here: its file, its interpreter, its shared libraries."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from failoverd.system.process import ENVIRONMENT, run

LDD = "/usr/bin/ldd"
LDD_S = 20.0
LIBRARIES = "/etc/ld.so.cache"
"""The list of the libraries; every installation of one renews it."""
ELF = b"\x7fELF"
MISSING = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)
ENV = "/usr/bin/env"


@dataclass(frozen=True)
class Look:
    """What a file shows of itself."""

    wrong: str = ""
    """Why it cannot run, as the end of a sentence."""
    binary: bool = False
    """It may need shared libraries."""
    seen: tuple[int, int, int] = (0, 0, 0)
    """Changes whenever it or the libraries of the node change."""


def look(path: str, roots: Iterable[str], libraries: str = LIBRARIES) -> Look:
    """Look at a file. Blocks; raises OSError.

    roots: mount points of the service. What lies there comes with its disk, and is not judged.
    """
    file, names = Path(path), (path, os.path.realpath(path))
    if any(f"{name}/".startswith(f"{root}/") for name in names for root in roots):
        return Look()
    if not file.exists():
        return Look("is not there")
    if not file.is_file() or not os.access(path, os.X_OK):
        return Look("cannot be executed")
    with file.open("rb") as opened:
        head = opened.read(256)
    interpreter = interpreter_of(head)
    if _absent(interpreter):
        return Look(f"needs {interpreter}, which is not there")
    status, listed = file.stat(), Path(libraries)
    seen = (status.st_mtime_ns, status.st_size, listed.stat().st_mtime_ns if listed.exists() else 0)
    return Look("", head.startswith(ELF), seen)


def interpreter_of(head: bytes) -> str:
    """The program that the first line of a script names; empty for anything else."""
    line = head.partition(b"\n")[0]
    if not line.startswith(b"#!"):
        return ""
    words = line[2:].decode(errors="replace").split()
    if words and words[0] == ENV:
        # Its own words may be options; the first other one is the program.
        return next((word for word in words[1:] if not word.startswith("-")), ENV)
    return words[0] if words else ""


def _absent(interpreter: str) -> bool:
    if not interpreter:
        return False
    places = ENVIRONMENT["PATH"].split(":")
    paths = [interpreter] if "/" in interpreter else [f"{p}/{interpreter}" for p in places]
    return not any(os.access(path, os.X_OK) for path in paths)


async def lacking(path: str) -> str:
    """The shared libraries that a program lacks, as the end of a sentence; empty if none."""
    done = await run(LDD, path, timeout_s=LDD_S)
    lacks = sorted(set(MISSING.findall(done.output)))
    return f"lacks the library {', '.join(lacks)}" if lacks else ""
