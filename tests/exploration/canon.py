# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When two states of the world are the same: all that no rule can tell apart is taken away.

Times count from the node's own clock and end where they no longer matter. Numbers that are only
compared for equality, or only for their order, are replaced by their rank. Whatever this file does
not know is kept as it is: that can only make two states different, never the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import Enum
from typing import Any, get_type_hints

from failoverd.core.message import Message

DROPPED = frozenset(
    {
        "config", "since", "counter", "cluster", "node", "name", "why", "failure", "said", "hears",
        "doing", "op_until", "expires", "on_until",
        "latest_s", "links", "greeted_at", "told_old",
        "pace", "asked", "asked_at", "answered_at",
    }
)  # fmt: skip
"""Never read by a rule, only said to people, the same everywhere, or implied by what is kept."""
OWN_NUMBERS = frozenset({"op", "claim", "promise", "outdate", "clear", "on_op"})
"""Drawn from the counter of the node that holds the field."""
PEER_NUMBERS = frozenset({"outdated", "outdating", "cleared", "Grant.claim"})
"""Drawn from the other node's counter."""
FUTURE = frozenset(
    {
        "next_beat", "due", "next_at", "retry_at", "next_query", "until", "next_outdate",
        "next_resume", "started", "wake",
    }
)  # fmt: skip
"""Times that only matter until they have passed."""
FOREVER = frozenset({"failed_at"})
"""Times that only matter for being set, because nothing is forgotten here."""


class Tokens:
    """A flat list of what is left of one part of a world, with numbers still to be ranked."""

    def __init__(self, memory_s: float, startup_s: float, node: int, now: float) -> None:
        self.out: list[Any] = []
        self.places: list[tuple[int, str, int]] = []
        """Where numbers stand of which only the rank among their kind matters."""
        self.now, self.memory_s, self.startup_s = now, memory_s, startup_s
        self.numbers = (f"number{node}", f"number{1 - node}")
        self.sequences = (f"sequence{node}", f"sequence{1 - node}")
        self.requests = f"request{node}"
        self._node = node

    def number(self, kind: str, value: int) -> None:
        """A number of which only the rank among its kind matters; 0 stays 0."""
        if value:
            self.places.append((len(self.out), kind, value))
        self.out.append(0)

    def value(self, value: Any) -> None:
        """A value of the core."""
        plan = _plans.get(type(value), ())
        if plan == ():
            plan = _plan(type(value))
        if plan is not None:
            out = self.out
            out.append(type(value).__name__)
            for name, put in plan:
                item = getattr(value, name)
                if put is None or item is None:
                    out.append(item)
                else:
                    put(self, item)
        elif isinstance(value, tuple):
            self.out.append(len(value))
            for item in value:
                self.value(item)
        else:
            self.out.append(value)

    def word(self, value: Enum) -> None:
        """A member of an enumeration."""
        self.out.append(value._value_)

    def of_peer(self, message: Message) -> None:
        """A message of the other node, whose numbers are its own."""
        self.numbers, self.sequences = self.numbers[::-1], self.sequences[::-1]
        self.value(message)
        self.numbers, self.sequences = self.numbers[::-1], self.sequences[::-1]


def fingerprint(parts: list[Tokens]) -> int:
    """64 bits for the whole."""
    kinds: dict[str, set[int]] = {}
    for part in parts:
        for _where, kind, value in part.places:
            kinds.setdefault(kind, set()).add(value)
    ranks = {
        kind: {value: rank for rank, value in enumerate(sorted(values), 1)}
        for kind, values in kinds.items()
    }
    whole: list[Any] = []
    for part in parts:
        base = len(whole)
        whole += part.out
        for place, kind, value in part.places:
            whole[base + place] = ranks[kind][value]
    return hash(tuple(whole))


Put = Callable[[Tokens, Any], None]


Plan = tuple[tuple[str, Put | None], ...]
_plans: dict[type, Plan | None] = {}


def _plan(cls: type) -> Plan | None:
    if not dataclasses.is_dataclass(cls):
        _plans[cls] = None
        return None
    hints = get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls) if field.name not in DROPPED]
    _plans[cls] = tuple((name, _put(cls, name, hints[name])) for name in names)
    return _plans[cls]


def _put(cls: type, name: str, hint: Any) -> Put | None:
    if f"{cls.__name__}.{name}" in PEER_NUMBERS or name in PEER_NUMBERS:
        return lambda tokens, value: tokens.number(tokens.numbers[1], value)
    if name in OWN_NUMBERS:
        return lambda tokens, value: tokens.number(tokens.numbers[0], value)
    if name == "sequence":
        theirs = 1 if cls.__name__ in ("Peer", "LinkHeard") else 0
        return lambda tokens, value: tokens.number(tokens.sequences[theirs], value)
    if f"{cls.__name__}.{name}" == "Message.heard":
        return lambda tokens, value: tokens.out.append(value > 0)  # the rest is of what is dropped
    if name == "generation":
        return lambda tokens, value: tokens.number("generation", value)
    if name == "request":
        return lambda tokens, value: tokens.number(tokens.requests, value)
    if name == "message":
        return lambda tokens, value: tokens.of_peer(value)
    if "float" in str(hint) and not name.endswith("_s"):
        return _moments(name)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda tokens, value: tokens.word(value)
    return None if hint in (int, bool, str) else Tokens.value


def _moments(name: str) -> Put:
    """A moment on the node's clock, or several."""

    def put(tokens: Tokens, value: Any) -> None:
        if isinstance(value, tuple):
            tokens.out.append(len(value))
            for item in value:
                put(tokens, item)
        elif name in FOREVER:
            tokens.out.append(True)
        elif name == "started":
            tokens.out.append(max(value + tokens.startup_s - tokens.now, 0.0))
        else:
            oldest = 0.0 if name in FUTURE else -tokens.memory_s
            tokens.out.append(max(value - tokens.now, oldest))

    return put
