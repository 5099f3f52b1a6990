# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof names the tests that it runs: a file that has another name now is found before."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROOFS = sorted((ROOT / "tests/proofs").glob("*.py"))
UNITS = ROOT / "tests/unit/failoverd"
"""Where a name without a directory lies."""


def named(source: str) -> Iterator[str]:
    """The tests that a module names in full."""
    tree = ast.parse(source)
    parts = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
        for part in node.values
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            text = node.value
            bare = text.startswith("test_") and text.endswith(".py")
            if bare or (text.startswith("tests/") and " " not in text):
                yield text


def test_every_test_that_a_proof_names_exists() -> None:
    found = {name for path in PROOFS for name in named(path.read_text(encoding="utf-8"))}
    assert len(found) > 20
    assert [n for n in sorted(found) if not ((ROOT / n).exists() or (UNITS / n).exists())] == []


def test_a_name_that_is_put_together_is_left_out() -> None:
    source = 'A = ("tests/gone.py", "test_gone.py", f"tests/{x}.py", "tests of it")'
    assert sorted(named(source)) == ["test_gone.py", "tests/gone.py"]
