# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the kernel of a node run on a processor with AMX, whose registers it has no room for.

Without it the first process of a node ends in "ptrace set fp regs failed, errno = 14".
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lab.command import run
from lab.paths import images_dir

SOURCE = Path(__file__).with_name("amx.c")
CPUINFO = Path("/proc/cpuinfo")


def needed(cpuinfo: str) -> bool:
    """True on a processor with larger registers than AVX-512."""
    for line in cpuinfo.splitlines():
        name, _colon, value = line.partition(":")
        if name.strip() == "flags":
            return "amx_tile" in value.split()
    return False


def library(directory: Path) -> Path:
    """The compiled library in ``directory``, made once for each version of its source.

    :raises LabError: there is no C compiler, or it fails.
    """
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    path = directory / f"amx-{digest}.so"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        staged = directory / f".{path.name}.{os.getpid()}"
        run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(staged), str(SOURCE)])
        staged.replace(path)
    return path


def environment() -> dict[str, str]:
    """The environment that the kernel of a node needs on this processor."""
    if not needed(CPUINFO.read_text(encoding="ascii", errors="replace")):
        return {}
    return {"LD_PRELOAD": str(library(images_dir()))}
