# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong in an inventory: one sentence each, all of them, and nothing that is a secret.

A sentence names the variable, the value and the rule. How a value may be shown is decided here and
nowhere else: a container never, a value that is or may hold a secret never, and all else short and
on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from ._daemon import secrets

DEEPEST = 64
"""Levels of a value. Behind it whoever reads it would be at the end of its stack."""
LONGEST = 60
"""Characters of a value that a sentence shows."""
HIDDEN_PLACE = re.compile(
    r"\.(parameters|settings|command|body)\b|\.(url|query|username)$"
    r"|^failover_fencing\[\d+\]\.nodes\."
    r"|^failover_(fencing|notifications|page)(\[\d+\])?$"
)
"""Places of values that may hold a secret though their names do not say so."""
SEVERAL = re.compile(
    r"[A-Za-z_]\s*[:=]\s*[^\s/]|://.*[@?#]|:.*@|\n|\{\{"
    r"|\s\S*[A-Za-z]\S*\s+\S|\s\S*://"
)
"""What a text has in it that swallowed its neighbours: also a third word, or a URL after a word."""
PATH = re.compile(r"/[A-Za-z0-9_/.-]*")
ADDRESS = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/[0-9]{1,3})?")
MASK = "***"


def _printable(sentence: str) -> str:
    """Whatever a user wrote into a value, the answer stays one line and commands no terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence)


class Problem(ValueError):
    """One wrong value in the inventory; the text is the sentence that the user reads."""

    def __init__(self, sentence: str) -> None:
        super().__init__(_printable(sentence))


class Unknown(Exception):
    """Something was asked of a value that is wrong; its own sentence is there already."""


class Hidden(str):
    """A text that came out of a vault: it is never shown, wherever it stands."""

    __slots__ = ()


def kind_of(value: object) -> str:
    """What a value is, without the value."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, (bytes, bytearray)):
        return "a list"
    return f"a value of type {type(value).__name__}"


def unexpected(error: BaseException) -> str:
    """A sentence on an error of ours; its own words may quote a value, so they are left out."""
    place, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        place, trace = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}", trace.tb_next
    return (
        f"failover.cluster: an error of the collection itself, {type(error).__name__} at {place};"
        " nothing was changed. Please report it with the variables that it was given."
    )


def secret_place(where: str) -> bool:
    """Whether a value of this variable is a secret, or may be one."""
    return secrets.is_secret(where) or HIDDEN_PLACE.search(where) is not None


def shown(where: str, value: object) -> str:
    """The value as a sentence may show it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)) and not secret_place(where):
        # The digits of a huge number are refused by Python itself.
        huge = isinstance(value, int) and value.bit_length() > 128
        return "a number of too many digits" if huge else repr(value)
    if not isinstance(value, str) or isinstance(value, Hidden) or secret_place(where):
        return "the value" if kind_of(value) in ("a text", "a number") else kind_of(value)
    if not value.strip():
        return "an empty text"
    if PATH.fullmatch(value):
        return value[:LONGEST]
    if secrets.is_secret(value) or (SEVERAL.search(value) and not ADDRESS.fullmatch(value)):
        return "the text"
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}..."


def refuse(where: str, value: object, rule: str) -> NoReturn:
    """Raise the sentence "where: value rule"."""
    raise Problem(f"{where}: {shown(where, value)} {rule}")


def shown_key(key: object, value: object) -> str:
    """An unknown key as a sentence may show it: one without a value may be a lost value."""
    if value is None or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,40}", str(key)):
        return "*"
    return str(key)


class Problems:
    """Collects what is wrong, each once.

    As a context it takes up the Problem that ends its block, and nothing else; a block that came
    upon a value that is wrong already ends in silence.
    """

    def __init__(self, secret_texts: Iterable[str] = ()) -> None:
        self.sentences: list[str] = []
        # The longest first: one may be part of another.
        longest_first = sorted({t for t in secret_texts if len(t) >= 4}, key=len, reverse=True)
        self._masks = [_mask(secret) for secret in longest_first]

    def __enter__(self) -> Problems:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, Problem):
            self.add(str(error))
        return isinstance(error, (Problem, Unknown))

    def settle(self) -> None:
        """Raise what was collected, if anything was."""
        if self.sentences:
            raise Refusal(self.sentences)

    def add(self, sentence: str) -> None:
        """Take one up. No secret of this inventory gets into it, however it was made."""
        for mask in self._masks:
            sentence = mask.sub(MASK, sentence)
        sentence = _printable(sentence)
        if sentence not in self.sentences:
            self.sentences.append(sentence)


def _mask(secret: str) -> re.Pattern[str]:
    """A short secret is looked for as a word: it may be part of an ordinary one."""
    text = re.escape(secret)
    return re.compile(text if len(secret) >= 8 else rf"(?<!\w){text}(?!\w)")


def too_deep(value: Any) -> bool:
    """Whether a value is nested more deeply than anything that belongs into an inventory."""
    level = [value]
    for _depth in range(DEEPEST + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, Mapping):
                below.extend(item.values())
            elif kind_of(item) == "a list":
                below.extend(item)
        if not below:
            return False
        level = below
    return True


def secret_texts(value: Any, where: str = "") -> set[str]:
    """Every text of the raw variables that is a secret, or may be one."""
    if isinstance(value, Mapping):
        inside = [secret_texts(item, f"{where}.{key}") for key, item in value.items()]
        return set().union(*inside)
    if isinstance(value, str):
        secret = isinstance(value, Hidden) or secrets.is_secret(where) or where.endswith(".url")
        return {str(value)} if secret else set()
    if kind_of(value) == "a list":
        return set().union(*(secret_texts(item, where) for item in value))
    return {str(value)} if kind_of(value) == "a number" and secrets.is_secret(where) else set()


class Refusal(Problem):
    """Everything that is wrong, a line each."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("")
        self.sentences = list(sentences)

    def __str__(self) -> str:
        return "\n".join(self.sentences)
