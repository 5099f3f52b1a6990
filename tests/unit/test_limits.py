# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of tests ends, whatever one of them does; and no test waits without a limit."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
WELL = "def test_one():\n    pass\n\n\ndef test_two():\n    pass\n"
DIES = "import os\n\n\ndef test_dies():\n    os._exit(1)\n\n\ndef test_after():\n    pass\n"
HANGS = """
import threading, time

def test_hangs():
    while True:
        try:
            threading.Event().wait()
        except BaseException:
            pass
"""
LIMIT_S = 300.0
"""Ends a test that fails anyway."""


def played(tmp_path: Path, *files: str) -> str:
    """What pytest says of these files, one process at a time; it has to fail."""
    for number, text in enumerate(files):
        (tmp_path / f"test_{number}.py").write_text(text)
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.limits", "-c", os.devnull]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-n1", "--dist=loadfile", str(tmp_path)],
        cwd=CHECKOUT,
        env={**os.environ, "TEST_HANGS_S": "5"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode not in (0, 5), done.stdout
    return done.stdout


def test_a_process_that_dies_ends_the_run(tmp_path: Path) -> None:
    said = played(tmp_path, WELL, DIES)
    assert "crashed while running" in said and "test_dies" in said


def test_a_test_that_no_exception_ends_ends_its_process_which_tells_where_it_stands(
    tmp_path: Path,
) -> None:
    said = played(tmp_path, HANGS)
    assert "in test_hangs" in said
    assert "crashed while running" in said


FROZEN = ("simulation", "fuzz")
BOUNDED = ("pair", "pace")
"""Helpers of tests whose wait() has a limit of its own."""


def waits(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Calls that wait for ever if what they wait for does not come; those of coroutines do not."""
    parts = {
        id(part)
        for node in ast.walk(tree)
        for part in ([node.value] if isinstance(node, ast.Await) else [])
        + (node.args if isinstance(node, ast.Call) else [])
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called, named = node.func, {keyword.arg for keyword in node.keywords}
        name = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
        bare = not node.args and not named
        if name in ("wait", "join") and bare and id(node) not in parts:
            if ast.unparse(getattr(called, "value", called)) not in BOUNDED:
                yield node.lineno, "give it a limit"
        elif name == "communicate" and "timeout" not in named:
            yield node.lineno, "give it a limit"
        elif name == "Thread" and "daemon" not in named:
            yield node.lineno, "make it a daemon, see tests/unit/bounded.py"
        elif name == "to_thread":
            yield node.lineno, "asyncio.run joins it: take failoverd.system.aside"
        elif name == "fork":
            yield node.lineno, "other threads may hold locks: start a program"


@pytest.mark.parametrize(
    "line",
    [
        "child.wait()",
        "t.join()",
        "p.communicate()",
        "Thread(target=f)",
        "to_thread(f)",
        "os.fork()",
    ],
)
def test_a_wait_without_a_limit_is_found(line: str) -> None:
    assert [number for number, _why in waits(ast.parse(line))] == [1]


@pytest.mark.parametrize(
    "line", ["child.wait(9)", "''.join(x)", "wait_for(event.wait(), 5)", "Thread(daemon=True)"]
)
def test_a_wait_with_a_limit_is_none(line: str) -> None:
    assert list(waits(ast.parse(line))) == []


def test_no_test_waits_without_a_limit() -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}:{number}: {why}"
        for path in sorted((CHECKOUT / "tests").rglob("*.py"))
        if path.relative_to(CHECKOUT / "tests").parts[0] not in FROZEN
        for number, why in waits(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []
