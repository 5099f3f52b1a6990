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
LIMIT_CPU_S = 300.0
"""Processor time for one kind of check, a tenfold of what it takes: a bug that makes the core, or a
test, run for ever is caught. How long that takes on a busy machine says nothing."""
SURVIVED = ""


@dataclass(frozen=True)
class Effort:
    """How much is tried before a bug counts as a survivor."""

    seeds: int = 300
    tests: tuple[str, ...] = ("tests/unit/core", "tests/exploration")


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
        self._name = ".".join(("failoverd", "core", *Path(point.file).with_suffix("").parts))
        self._text = point.applied(self._path.read_bytes())

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Loader(fullname, str(self._path), self._text)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


def catch(point: Point, effort: Effort, hints: Sequence[str] = ()) -> str:
    """Return what catches it: "seed N", the name of a test, "hang", or "" for a survivor.

    hints: what caught it once, or bugs beside it, which is tried first.
    """
    sys.path[:0] = [str(FILES), str(ROOT)]
    sys.meta_path.insert(0, _Finder(point))
    signal.signal(signal.SIGPROF, _overdue)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return _again(hints) or _anew(effort)
    except _HangError:
        return "hang"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class _HangError(BaseException):
    pass


def _overdue(_signal: int, _frame: object) -> None:
    _Overdue.seen = True
    raise _HangError


class _Overdue:
    """pytest takes what a signal raises within a test for the failure of that test."""

    seen = False


def _again(hints: Sequence[str]) -> str:
    seeds = [int(hint.split()[1]) for hint in hints if hint.startswith("seed ")]
    tests = [hint for hint in hints if "::" in hint and (ROOT / hint.split("::")[0]).exists()]
    return _seeds(seeds) or (_tests(*tests) if tests else SURVIVED)


def _anew(effort: Effort) -> str:
    first = min(FIRST_SEEDS, effort.seeds)
    found = _seeds(range(1, first + 1))
    for tests in effort.tests:
        found = found or _tests(tests)
    return found or _seeds(range(first + 1, effort.seeds + 1))


def _seeds(seeds: Sequence[int]) -> str:
    try:
        from tests.simulation.campaign import play
    except Exception as error:
        return f"import: {type(error).__name__}"
    signal.setitimer(signal.ITIMER_PROF, LIMIT_CPU_S)
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


def _tests(*where: str) -> str:
    import pytest

    first = _First()
    signal.setitimer(signal.ITIMER_PROF, LIMIT_CPU_S)
    places = [str(ROOT / place) for place in where]
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *places], plugins=[first])
    if _Overdue.seen:
        raise _HangError
    # A test that is not there any more is no answer.
    return first.name if code != pytest.ExitCode.USAGE_ERROR else SURVIVED
