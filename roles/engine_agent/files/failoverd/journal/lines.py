# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a journal: the format of inputs and decisions.

===============================  ==================================================================
``{"t": S, "e": EVENT}``         an input at monotonic second S
``{"t": S, "l": LINK, "s": N}``  a heartbeat heard: the last one of that link with the number N
``{"d": [ACTION]}``              what was decided on the input above; no line for nothing
``{"d": N}``                     a heartbeat sent: the last one with the number N
``{"x": TEXT}``                  a rule broke on the input above
===============================  ==================================================================
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from failoverd import VERSION, core
from failoverd.core.actions import Action, Send
from failoverd.core.change import changed
from failoverd.core.events import Event, Heard, Tick
from failoverd.core.message import Message
from failoverd.core.state import State
from failoverd.formats.codec import from_json, to_json

FORMAT = 2
_tells = attrgetter(*(field.name for field in fields(Message) if field.name != "sequence"))
"""The content of a heartbeat without its number, as a tuple."""


@cache
def core_digest() -> str:
    """Identifies the source text of the core: a replay is exact only with the same text."""
    digest = hashlib.sha256()
    folder = Path(str(core.__file__)).parent
    for path in sorted(folder.rglob("*.py")):
        name = str(path.relative_to(folder)).encode()
        digest.update(name + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def head(state: State, now: float, wall: float, *, begin: bool, lost: int) -> bytes:
    """The first line of a segment. wall: Unix time now. lost: lines lost so far in this life."""
    return _line(
        {
            "t": now,
            "head": FORMAT,
            "version": VERSION,
            "core": core_digest(),
            "wall": wall,
            "begin": begin,
            "lost": lost,
            "state": to_json(state),
        }
    )


class Encoder:
    """Writes the lines of one segment. The same inputs and decisions give the same bytes."""

    def __init__(self) -> None:
        self._heard: dict[str, Message] = {}
        self._said: Message | None = None

    def input(self, event: Event, now: float) -> bytes:
        """One event that reaches the core."""
        if isinstance(event, Heard):
            before = self._heard.get(event.link)
            self._heard[event.link] = event.message
            if _repeats(before, event.message):
                # Most lines are of this kind. Same bytes as _line(), but faster.
                link, sequence = json.dumps(event.link), event.message.sequence
                return f'{{"t":{now!r},"l":{link},"s":{sequence}}}\n'.encode()
        elif isinstance(event, Tick):
            return b'{"t":%s,"e":{"$":"Tick"}}\n' % repr(now).encode()
        return _line({"t": now, "e": to_json(event, tagged=True)})

    def decisions(self, actions: Sequence[Action]) -> bytes:
        """The actions that the core ordered; empty for none."""
        if not actions:
            return b""
        before = self._said
        for action in actions:
            if isinstance(action, Send):
                self._said = action.message
        if len(actions) == 1 and isinstance(actions[0], Send):
            message = actions[0].message
            if _repeats(before, message):
                return b'{"d":%d}\n' % message.sequence
        return _line({"d": [to_json(action, tagged=True) for action in actions]})

    @staticmethod
    def defect(error: Exception) -> bytes:
        """A rule raised an exception instead of deciding."""
        return _line({"x": f"{type(error).__name__}: {error}"})


class Decoder:
    """Reads the inputs back."""

    def __init__(self) -> None:
        self._heard: dict[str, Message] = {}

    def input(self, entry: dict[str, Any]) -> tuple[float, Event]:
        """The time and the event of a parsed input line; raises ValueError, KeyError."""
        if "l" in entry:
            message = changed(self._heard[entry["l"]], sequence=_count(entry["s"]))
            event: Event = Heard(entry["l"], message)
        else:
            event = from_json(Event, entry["e"])
        if isinstance(event, Heard):
            self._heard[event.link] = event.message
        return from_json(float, entry["t"]), event


def _repeats(before: Message | None, message: Message) -> bool:
    return before is not None and bool(_tells(before) == _tells(message))


def _count(value: Any) -> int:
    number: int = from_json(int, value)
    return number


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
