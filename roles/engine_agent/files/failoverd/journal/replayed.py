# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl replay: the result of a replay, for people or as JSON lines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from failoverd.system.terminal import say

from .replay import Difference, Replayed, Unreadable, compare, origin, replay, text
from .segments import segments

IDENTICAL, DIFFERENT, UNREADABLE = 0, 1, 2
LATEST_S = 2.0**36
SHOWN = 400
"""Longest piece of a line that is printed for people."""


def files(arguments: list[str]) -> list[Path]:
    """The segments of the arguments: files, or directories of segments."""
    found: list[Path] = []
    for argument in arguments:
        path = Path(argument)
        found += segments(path) if path.is_dir() else [path]
    return found


def show(arguments: list[str], as_json: bool) -> int:
    """Replay and print; returns IDENTICAL, DIFFERENT or UNREADABLE."""
    results: list[Replayed] = []
    try:
        paths = files(arguments)
        if not paths:
            raise Unreadable(f"{arguments[0]}: the directory holds no journal.")
        for path in paths:
            if path.stat().st_size or path in map(Path, arguments):
                results.append(replay(path))
            elif not as_json:
                say(f"{path}: empty: the power was lost before a line was on the disk")
    except BrokenPipeError:
        raise
    except (Unreadable, OSError) as error:
        problem = str(error) if isinstance(error, Unreadable) else _cannot(error)
        say(text({"format": 1, "ok": False, "problem": problem}) if as_json else problem)
        return UNREADABLE
    broken = {later.path: compare(earlier, later) for earlier, later in pairwise(results)}
    for result in results:
        difference = result.difference or broken.get(result.path)
        if as_json:
            say(text(_object(result, difference)))
        else:
            say("\n".join(_said(result, difference)))
    return DIFFERENT if any([*broken.values(), *(r.difference for r in results)]) else IDENTICAL


def _cannot(error: OSError) -> str:
    return f"{error.filename}: cannot be read: {error.strerror}."


def _object(result: Replayed, difference: Difference | None) -> dict[str, Any]:
    return {
        "format": 1,
        "ok": difference is None,
        "file": result.path,
        "node": result.begun.config.node,
        "incarnation": result.begun.incarnation,
        "written_by": {name: result.head[name] for name in ("version", "core")},
        "same_core": result.same_core,
        "begin": result.head["begin"],
        "lost": result.head["lost"],
        "seconds": result.seconds,
        "inputs": result.inputs,
        "decisions": result.decisions,
        "cut": result.cut,
        "difference": None if difference is None else vars(difference),
    }


def _said(result: Replayed, difference: Difference | None) -> Iterator[str]:
    wall = min(max(result.head["wall"], 0.0), LATEST_S)
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall))
    verdict = "identical" if difference is None else "DIFFERENT"
    yield (
        f"{result.path}: {result.begun.config.node} from {began} on, {result.seconds:g} s: "
        f"{result.inputs} inputs, {result.decisions} decisions, {verdict}"
    )
    if not result.same_core:
        yield f"  {origin(result.head)}"
    if result.cut:
        yield f"  {result.cut}"
    if difference is not None:
        yield f"  first difference at line {difference.line}, {difference.t:.3f} s, after"
        yield f"    {difference.cause[:SHOWN]}"
        yield f"  recorded  {_window(difference.recorded, difference.replayed)}"
        yield f"  replayed  {_window(difference.replayed, difference.recorded)}"


def _window(text: str, other: str) -> str:
    """The part of a long text around the first character that differs."""
    same = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    start = max(0, same - SHOWN // 4) if len(text) > SHOWN else 0
    return ("…" if start else "") + text[start : start + SHOWN]
