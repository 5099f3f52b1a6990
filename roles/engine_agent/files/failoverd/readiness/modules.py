# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the running kernel has a module, loaded or not (F85)."""

from __future__ import annotations

import os
from pathlib import Path


def has(name: str, root: Path = Path("/")) -> bool:
    """Whether it is loaded, built in, or lies where the kernel would load it from."""
    word = name.replace("-", "_")
    if (root / "sys/module" / word).exists() or word in _filesystems(root):
        return True
    lists = root / "lib/modules" / os.uname().release
    return any(
        word == _module(line)
        for file in ("modules.builtin", "modules.dep")
        for line in _lines(lists / file)
    )


def _module(line: str) -> str:
    """kernel/fs/xfs/xfs.ko.xz: ... -> xfs"""
    file = line.partition(":")[0].strip().rpartition("/")[2]
    return file.partition(".ko")[0].replace("-", "_")


def _filesystems(root: Path) -> set[str]:
    return {line.split()[-1] for line in _lines(root / "proc/filesystems") if line.strip()}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
