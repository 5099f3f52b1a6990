# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The knob that makes a BMC misbehave."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.bmc_behaviour import BEHAVIOURS, behaviour


@pytest.mark.parametrize("word", BEHAVIOURS)
def test_the_word_in_the_file_decides(tmp_path: Path, word: str) -> None:
    path = tmp_path / "knob"
    path.write_text(f"{word}\n", encoding="ascii")
    assert behaviour(path) == word


@pytest.mark.parametrize("text", ["", "deaf\n", "\n"])
def test_anything_else_is_normal(tmp_path: Path, text: str) -> None:
    path = tmp_path / "knob"
    assert behaviour(path) == "normal"
    path.write_text(text, encoding="ascii")
    assert behaviour(path) == "normal"
