# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's kernel on a processor with more registers than it knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import amx
from lab.errors import LabError


@pytest.mark.parametrize(
    ("flags", "wanted"), [("fpu avx2 avx512f", False), ("fpu avx512f amx_bf16 amx_tile", True)]
)
def test_only_a_processor_with_amx_needs_it(flags: str, wanted: bool) -> None:
    assert amx.needed(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: amx_tile\n") is wanted


def test_it_is_compiled_once(tmp_path: Path) -> None:
    path = amx.library(tmp_path)
    made = path.stat().st_mtime_ns
    assert amx.library(tmp_path) == path
    assert path.stat().st_mtime_ns == made
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_compiler_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match=r"gcc is not installed; .*host-packages\.txt"):
        amx.library(tmp_path)
