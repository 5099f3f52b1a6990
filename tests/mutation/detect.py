# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What catches one bug: a world of the simulator, a unit test of the core, or an exploration.

Runs in a process of its own, in which the core is loaded with the bug in it.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

from tests.mutation.points import Point

ROOT = Path(__file__).parents[2]
FILES = ROOT / "roles" / "engine_agent" / "files"
CORE = FILES / "failoverd" / "core"
FIRST_SEEDS = 30
LIMIT_S = 300
"""A bug that makes the core, or a test, run for ever is caught."""
SURVIVED = ""


@dataclass(frozen=True)
class Effort:
    """How much is tried before a bug counts as a survivor."""

    seeds: int = 300
    exploration: bool = True


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, text: bytes) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._text, self.path)


class _Finder(importlib.abc.MetaPathFinder):
    """Hands out one module of the core with the bug in it."""

    def __init__(self, point: Point) -> None:
        self._path = CORE / point.file
        self._name = f"failoverd.core.{self._path.stem}"
        self._text = point.applied(self._path.read_bytes())

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Loader(fullname, str(self._path), self._text)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


def catch(point: Point, effort: Effort, known: str = "") -> str:
    """Return what catches it: "seed N", the name of a test, "hang", or "" for a survivor.

    known: what caught it once, which is tried first.
    """
    sys.path[:0] = [str(FILES), str(ROOT)]
    sys.meta_path.insert(0, _Finder(point))
    signal.signal(signal.SIGALRM, _overdue)
    signal.alarm(LIMIT_S)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return _again(known) or _anew(effort)
    except _HangError:
        return "hang"
    finally:
        signal.alarm(0)


class _HangError(BaseException):
    pass


def _overdue(_signal: int, _frame: object) -> None:
    raise _HangError


def _again(known: str) -> str:
    if known.startswith("seed "):
        return _seeds([int(known.split()[1])])
    if "::" in known:
        return _tests(known)
    return SURVIVED


def _anew(effort: Effort) -> str:
    return (
        _seeds(range(1, FIRST_SEEDS + 1))
        or _tests("tests/unit/core")
        or (_tests("tests/exploration") if effort.exploration else SURVIVED)
        or _seeds(range(FIRST_SEEDS + 1, effort.seeds + 1))
    )


def _seeds(seeds: Sequence[int]) -> str:
    try:
        from tests.simulation.campaign import play
    except Exception as error:
        return f"import: {type(error).__name__}"
    for seed in seeds:
        try:
            if play(seed).violation:
                return f"seed {seed}"
        except Exception:
            # The world itself could not go on with what the core said.
            return f"seed {seed}"
    return SURVIVED


class _First:
    """Which test failed first."""

    def __init__(self) -> None:
        self.name = SURVIVED

    def pytest_runtest_logreport(self, report: object) -> None:
        if getattr(report, "failed", False) and not self.name:
            self.name = str(getattr(report, "nodeid", "?"))

    def pytest_collectreport(self, report: object) -> None:
        self.pytest_runtest_logreport(report)


def _tests(where: str) -> str:
    import pytest

    first = _First()
    pytest.main(["-x", "-q", "-p", "no:cacheprovider", str(ROOT / where)], plugins=[first])
    return first.name
