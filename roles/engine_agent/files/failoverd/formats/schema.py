# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed access to a JSON document. Each error is one sentence that names file, field and rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .codec import shown
from .strictjson import JsonError, loads
from .text import printable

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


LONGEST = 1000
"""Longest sentence. Only a long text in the configuration reaches it."""


class ConfigError(Exception):
    """The configuration cannot be used; str() is the sentence to show."""

    def __init__(self, sentence: str) -> None:
        text = printable(sentence)
        super().__init__(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")


def parse_json(text: str, file: str) -> Any:
    """Parse text; a syntax error names file, line and column (F67)."""
    try:
        return loads(text)
    except JsonError as error:
        raise ConfigError(f"{file}: {error}.") from None


class Section:
    """One JSON object. Each getter reads a field; done() refuses the fields that no getter read."""

    def __init__(self, data: Any, file: str, where: str = "") -> None:
        self.file = file
        self.where = where
        if not isinstance(data, dict):
            raise ConfigError(f"{file}: {where or 'the document'}: must be an object.")
        self._data: dict[str, Any] = data
        self._seen: set[str] = set()

    def place(self, field: str) -> str:
        """The full name of a field, as messages use it."""
        return f"{self.where}.{field}" if self.where else field

    def fail(self, field: str, rule: str) -> ConfigError:
        """An error that names file and field and states the rule."""
        return ConfigError(f"{self.file}: {self.place(field)}: {rule}.")

    def has(self, field: str) -> bool:
        """Whether the field is given at all."""
        return field in self._data

    def raw(self, field: str) -> Any:
        """The value without any check, None if absent."""
        self._seen.add(field)
        return self._data.get(field)

    def text(self, field: str, default: str | None = None) -> str:
        """A non-empty string without control characters."""
        value = self.raw(field)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            raise self.fail(field, "must be a non-empty text")
        if not value.isprintable():
            raise self.fail(field, "must not contain control characters")
        return value

    def choice(self, field: str, words: tuple[str, ...]) -> str:
        """One of these words, the first by default."""
        value = self.text(field, words[0])
        if value not in words:
            raise self.fail(field, f"must be {' or '.join(words)}, not {value}")
        return value

    def name(self, field: str, default: str | None = None) -> str:
        """A short identifier."""
        value = self.text(field, default)
        if value and not NAME.fullmatch(value):
            raise self.fail(field, "must consist of letters, digits, '.', '_' and '-'")
        return value

    def path(self, field: str) -> str:
        """An absolute path."""
        value = self.text(field)
        if not value.startswith("/") or "/../" in value:
            raise self.fail(field, f"must be an absolute path, not {shown(value)}")
        return value

    def number(self, field: str, default: float, low: float, high: float) -> float:
        """A number of the unit that the field's name says."""
        value = self.raw(field)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(field, f"must be a number, not {shown(value)}")
        if not low <= value <= high:
            raise self.fail(field, f"must lie between {low:g} and {high:g}, not {shown(value)}")
        return float(value)

    def integer(self, field: str, default: int, low: int, high: int) -> int:
        """A whole number."""
        value = self.number(field, default, low, high)
        if value != int(value):
            raise self.fail(field, f"must be a whole number, not {shown(value)}")
        return int(value)

    def flag(self, field: str, default: bool) -> bool:
        """true or false."""
        value = self.raw(field)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.fail(field, f"must be true or false, not {shown(value)}")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts; absent means empty."""
        value = self.raw(field)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.fail(field, "must be a list of texts")
        return tuple(value)

    def section(self, field: str) -> Section:
        """A nested object; absent means an empty one."""
        value = self.raw(field)
        return Section({} if value is None else value, self.file, self.place(field))

    def sections(self, field: str) -> list[Section]:
        """A list of objects; absent means none."""
        value = self.raw(field)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fail(field, "must be a list of objects")
        return [
            Section(item, self.file, f"{self.place(field)}[{index}]")
            for index, item in enumerate(value)
        ]

    def scalars(self, field: str) -> dict[str, str]:
        """A mapping of names to simple values, turned into text."""
        value = self.raw(field)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.fail(field, "must be an object of simple values")
        result: dict[str, str] = {}
        for key, item in value.items():
            if isinstance(item, bool):
                item = "1" if item else "0"
            if not isinstance(item, str | int | float) or "\n" in str(item):
                raise self.fail(f"{field}.{key}", "must be a simple value on one line")
            result[str(key)] = str(item)
        return result

    def per_node(self, field: str, nodes: tuple[str, ...]) -> dict[str, str]:
        """One text per node: either a mapping with every node, or one text for all."""
        value = self.raw(field)
        if isinstance(value, str) and value:
            return dict.fromkeys(nodes, value)
        if not isinstance(value, dict):
            raise self.fail(field, "must be a text, or an object with one text per node")
        for node in nodes:
            if not isinstance(value.get(node), str) or not value[node]:
                raise self.fail(field, f"has no value for node {node}")
        for node in value:
            if node not in nodes:
                raise self.fail(field, f"names {node!r}, which is not a node of the cluster")
        return {node: str(value[node]) for node in nodes}

    def done(self) -> None:
        """Refuse unknown fields: a misspelt safety setting must not pass."""
        unknown = sorted(set(self._data) - self._seen)
        if unknown:
            raise self.fail(unknown[0], "is not a known field")
