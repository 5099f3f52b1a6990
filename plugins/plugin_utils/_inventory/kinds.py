# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a single value can be. Each kind reads a value and says what it takes.

A kind raises Problem for one wrong value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .._problems import Problem, refuse
from .reading import Items, PerNode, Read, Scope, same

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")
WORDS = {"yes": True, "true": True, "no": False, "false": False}
NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")


def nearest(word: object, words: Iterable[str]) -> str:
    """The beginning of a sentence's end that names the word that may be meant."""
    found = difflib.get_close_matches(str(word), list(words), 1, 0.7)
    return f" {found[0]} may be meant;" if found else ""


class Kind:
    """One kind of value."""

    type = "str"
    """As the argument_specs of roles call it."""
    elements = ""
    secret = False

    def read(self, where: str, value: Any, scope: Scope) -> Any:
        """Return the value in its one form; raises Problem."""
        raise NotImplementedError

    def says(self) -> str:
        """What is taken, for the documentation."""
        raise NotImplementedError

    def inside(self) -> Iterator[tuple[str, Key]]:
        """The keys of what is nested, for the documentation."""
        yield from ()


@dataclass(frozen=True)
class Key:
    """One key of a mapping, and the sentence that explains it."""

    kind: Kind
    text: str
    required: bool = False
    default: Any = None
    """Filled in. None: what is not given stays away."""
    otherwise: str = ""
    """What holds if it is not given, where that is no plain value."""

    def fill(self) -> Any:
        """A default of one's own."""
        if isinstance(self.default, tuple):
            return Items(self.default)
        return Read(self.default) if isinstance(self.default, dict) else self.default


class Text(Kind):
    """A text that is not empty: one of some choices, or of a form."""

    def __init__(
        self,
        choices: Sequence[str] = (),
        form: str = "",
        rule: str = "is not a text.",
        words: str = "text",
    ) -> None:
        self.choices = tuple(choices)
        self._form = re.compile(form or r"[^\x00-\x1f\x7f\ud800-\udfff]+")
        self._rule = rule if form else "holds a control character."
        self._words = words

    def read(self, where: str, value: Any, scope: Scope) -> str:
        same(where, value)
        if not isinstance(value, str) or not value.strip():
            refuse(where, value, "is not a text.")
        if self.choices:
            if value not in self.choices:
                refuse(where, value, f"is not one of {', '.join(self.choices)}.")
        elif not self._form.fullmatch(value):
            refuse(where, value, self._rule)
        return str(value)

    def says(self) -> str:
        return " or ".join(f"`{word}`" for word in self.choices) or self._words


class Secret(Kind):
    """A text of one line that nobody may see."""

    secret = True

    def __init__(self, form: str = r"[^\x00-\x1f\x7f\ud800-\udfff]+", rule: str = "") -> None:
        self._form, self._rule = re.compile(form), rule or "is not a text of one line."

    def read(self, where: str, value: Any, scope: Scope) -> str:
        if isinstance(value, PerNode):
            raise Problem(f"{where}: the value must be the same on every node.")
        if not isinstance(value, str) or not value.strip() or not self._form.fullmatch(value):
            raise Problem(f"{where}: the value {self._rule}")
        return str(value)

    def says(self) -> str:
        return "secret text"


class Name(Text):
    """A text that may become part of file, unit and resource names."""

    def __init__(self, reserved: Sequence[str] = (), longest: int = 31) -> None:
        super().__init__(
            form=f"[A-Za-z][A-Za-z0-9_-]{{0,{longest - 1}}}",
            rule=f"is not a name: a letter, then at most {longest - 1} letters, digits, '-' or"
            " '_'.",
            words="name",
        )
        self._reserved = reserved

    def read(self, where: str, value: Any, scope: Scope) -> str:
        result = super().read(where, value, scope)
        if result.lower() in self._reserved:
            refuse(where, result, "is a reserved name; choose another.")
        return result


class Path(Kind):
    """An absolute path, in its one form."""

    def __init__(self, below: str = "", rule: str = "") -> None:
        self._below, self._rule = below, rule

    def read(self, where: str, value: Any, scope: Scope) -> str:
        same(where, value)
        if not isinstance(value, str) or not value.strip():
            refuse(where, value, "is not a text.")
        parts = value.split("/")
        if not value.startswith("/") or ".." in parts or not value.isprintable():
            refuse(where, value, "is not an absolute path.")
        result = "/" + "/".join(part for part in parts if part not in ("", "."))
        if self._below and not result.startswith(self._below):
            refuse(where, result, self._rule or f"is not a path below {self._below}.")
        return result

    def says(self) -> str:
        return f"path below `{self._below}`" if self._below else "absolute path"


class Number(Kind):
    """A number inside its limits, both included."""

    type = "float"

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def read(self, where: str, value: Any, scope: Scope) -> float:
        same(where, value)
        if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            refuse(where, value, "is not a number.")
        # Compared before it is made a float: an integer may be too large for one.
        if not self.least <= value <= self.most:
            refuse(where, value, f"is not between {self.least:g} and {self.most:g}.")
        return float(value)

    def says(self) -> str:
        return f"number from {self.least:g} to {self.most:.12g}"


class Whole(Number):
    """A whole number inside its limits."""

    type = "int"

    def read(self, where: str, value: Any, scope: Scope) -> int:
        result = super().read(where, value, scope)
        if result != int(result):
            refuse(where, value, "is not a whole number.")
        return int(result)

    def says(self) -> str:
        return f"whole number from {self.least:g} to {self.most:.12g}"


class Flag(Kind):
    """A boolean; the words yes, no, true and false count too."""

    type = "bool"

    def read(self, where: str, value: Any, scope: Scope) -> bool:
        same(where, value)
        if isinstance(value, str) and value.lower() in WORDS:
            return WORDS[value.lower()]
        if not isinstance(value, bool):
            refuse(where, value, "is neither true nor false.")
        return value

    def says(self) -> str:
        return "`true` or `false`"
