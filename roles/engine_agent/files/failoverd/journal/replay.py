# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeats the decisions of a journal and compares them byte for byte."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

from failoverd.core import step as core
from failoverd.core.memory import Memory
from failoverd.core.state import State
from failoverd.formats.codec import from_json, to_json
from failoverd.formats.strictjson import JsonError, loads

from .lines import FORMAT, Decoder, Encoder, core_digest

MAX_LINE = 16 << 20
SHOWN = 40


class Unreadable(ValueError):
    """Not a journal that this core can replay; str() is the sentence to show."""


@dataclass(frozen=True)
class Head:
    """The first line of a segment without its state."""

    t: float
    version: str
    core: str
    wall: float
    begin: bool
    lost: int


HEAD_FIELDS = tuple(field.name for field in fields(Head))


@dataclass(frozen=True)
class Difference:
    """The first place where the decisions differ from the recorded ones."""

    line: int
    """Number of the line that differs, from 1."""
    t: float
    cause: str
    recorded: str
    replayed: str


@dataclass(frozen=True)
class Replayed:
    """One segment, replayed as far as it agrees."""

    path: str
    head: dict[str, Any]
    """The fields of the head without the state."""
    begun: State
    ended: State
    inputs: int
    decisions: int
    seconds: float
    cut: str = ""
    """Which lines are missing at the end; that is not a difference."""
    difference: Difference | None = None

    @property
    def same_core(self) -> bool:
        """The same source text of the core wrote the journal."""
        return bool(self.head["core"] == core_digest())


def replay(path: Path) -> Replayed:
    """Replay one segment up to its end or its first difference; raises Unreadable, OSError."""
    with path.open("rb") as file:
        head, state = _head(path, _line(file))
        run = _begun(path, head, state)
        line, number = _line(file), 2
        while line and run.difference is None:
            if not line.endswith(b"\n"):
                run.cut = f"line {number} is cut off: the end was lost"
                break
            entry, following = _entry(line), _line(file)
            if entry is None and following.endswith(b"\n"):
                raise Unreadable(f"{path}:{number}: this is not a line of a journal.")
            if entry is None:
                run.cut = f"line {number} is damaged: the end was lost"
                break
            run.take(number, line, entry)
            line, number = following, number + 1
        return run.result()


def compare(earlier: Replayed, later: Replayed) -> Difference | None:
    """Whether the head of the later segment has the state in which the earlier one ended."""
    same_life = earlier.ended.incarnation == later.begun.incarnation
    whole = not earlier.cut and earlier.head["lost"] == later.head["lost"]
    if not same_life or not whole or earlier.difference or later.head["begin"]:
        return None
    if earlier.ended == later.begun:
        return None
    recorded, replayed = text(to_json(later.begun)), text(to_json(earlier.ended))
    cause = f"the state at the end of {earlier.path}"
    return Difference(1, float(later.head["t"]), cause, recorded, replayed)


def remembered(state: State) -> Memory:
    """What a new life began with, told by the state after its beginning."""
    cut, levels = state.exclusion.cut, state.config.levels
    first_on = cut.levels[0] if cut is not None else len(levels)
    return Memory(
        state.modes,
        split=frozenset(service.name for service in state.services if service.split),
        held=frozenset(service.name for service in state.services if service.mine),
        cut=levels[first_on] if first_on < len(levels) else "",
    )


class _Run:
    """The replay of one segment under way."""

    def __init__(self, path: Path, head: dict[str, Any], state: State) -> None:
        self._path, self._head, self._begun, self.cut = path, head, state, ""
        self._state = state
        self._encoder, self._decoder = Encoder(), Decoder()
        self._now = float(head["t"])
        self._cause = "the beginning of the daemon's life"
        self._expected = b""
        self._count = 0
        self._inputs = self._decisions = 0
        self.difference: Difference | None = None
        if head["begin"]:
            self._state, first = core.begin(
                state.config, state.incarnation, state.started, remembered(state)
            )
            if self._state != state:
                told, found = text(to_json(state)), text(to_json(self._state))
                self.difference = Difference(1, self._now, self._cause, told, found)
            self._expected, self._count = self._encoder.decisions(first), len(first)

    def take(self, number: int, line: bytes, entry: dict[str, Any]) -> None:
        """Take one line: run an input through the core, or compare decisions."""
        if "t" not in entry:
            self._agree(number, line)
        elif self._expected:
            self._differ(number, b"nothing")
        else:
            self._step(number, line, entry)

    def _agree(self, number: int, line: bytes) -> None:
        if line != self._expected:
            self._differ(number, line)
            return
        self._decisions += self._count
        self._expected = b""

    def _differ(self, number: int, recorded: bytes) -> None:
        expected = self._expected or b"nothing"
        self.difference = Difference(
            number, self._now, self._cause, recorded.decode().strip(), expected.decode().strip()
        )

    def _step(self, number: int, line: bytes, entry: dict[str, Any]) -> None:
        try:
            self._now, event = self._decoder.input(entry)
        except (ValueError, LookupError, TypeError) as error:
            raise Unreadable(f"{self._path}:{number}: {_strange(self._head, error)}") from None
        self._cause = f"line {number}: {line.decode().strip()}"
        self._inputs += 1
        try:
            self._state, actions = core.step(self._state, event, self._now)
        except Exception as error:
            self._expected, self._count = self._encoder.defect(error), 1
        else:
            self._expected, self._count = self._encoder.decisions(actions), len(actions)

    def result(self) -> Replayed:
        """The result."""
        cut = self.cut
        if self._expected and self.difference is None:
            cut = cut or "the decisions on the last input are not recorded: the end was lost"
        return Replayed(
            path=str(self._path),
            head=self._head,
            begun=self._begun,
            ended=self._state,
            inputs=self._inputs,
            decisions=self._decisions,
            seconds=round(self._now - float(self._head["t"]), 3),
            cut=cut,
            difference=self.difference,
        )


def _line(file: BinaryIO) -> bytes:
    """The next line with its line break; nothing after the last, which may be cut off.

    A longer line than any of a journal counts as cut off.
    """
    return file.readline(MAX_LINE)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = loads(line)
    except JsonError:
        return None
    known = isinstance(entry, dict) and ("d" in entry or "x" in entry or "t" in entry)
    return entry if known else None


def _head(path: Path, line: bytes) -> tuple[dict[str, Any], State]:
    head = _entry(line) if line.endswith(b"\n") else None
    if head is None or "head" not in head:
        raise Unreadable(f"{path}: this is not a journal: it does not begin with a head.")
    if head["head"] != FORMAT:
        found = head["head"] if isinstance(head["head"], int) else "unknown"
        raise Unreadable(f"{path}: the journal has format {found}, not {FORMAT}.")
    try:
        state: State = from_json(State, head.get("state"))
        return vars(from_json(Head, {n: head[n] for n in HEAD_FIELDS})), state
    except (ValueError, LookupError) as error:
        raise Unreadable(f"{path}:1: {_strange(head, error)}") from None


def _begun(path: Path, head: dict[str, Any], state: State) -> _Run:
    """Each field of a state can be valid although the core was never in that state."""
    try:
        return _Run(path, head, state)
    except Exception as error:
        raise Unreadable(f"{path}:1: {_strange(head, error)}") from None


def _strange(head: dict[str, Any], error: Exception) -> str:
    said = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)
    if head.get("core") == core_digest():
        return f"the line is damaged: {said}."
    return f"this core does not understand the line: {said}; {origin(head)}."


def origin(head: dict[str, Any]) -> str:
    """Which core wrote the journal, and which core this is."""
    core, version = (str(head.get(name))[:SHOWN] for name in ("core", "version"))
    other = f"it was written by core {core} of version {version}"
    return f"{other}, this is core {core_digest()}"


def text(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"))
