# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that hold others: lists, mappings, one value for each node.

They go on after a wrong value: what is wrong inside them is collected, and its place is marked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._problems import Problem, kind_of, refuse, shown_key
from .kinds import Key, Kind, Text, nearest
from .reading import WRONG, Items, PerNode, Read, Scope, attempt, same


class Each(Kind):
    """One value for every node: the same for all, or a mapping that names exactly the nodes.

    fewer: of more than two nodes, the mapping may leave some out.
    """

    type = "raw"

    def __init__(self, kind: Kind, fewer: bool = False) -> None:
        self.kind, self._fewer = kind, fewer

    def read(self, where: str, value: Any, scope: Scope) -> dict[str, Any]:
        result = Read()
        if not isinstance(value, Mapping):
            one = self.kind.read(where, value, scope)
            result.update(dict.fromkeys(scope.nodes, one))
            return result
        for key, item in value.items():
            if key not in scope.nodes:
                nodes = ", ".join(scope.nodes)
                scope.problems.add(
                    f"{where}.{shown_key(key, item)}: not a node; the nodes are {nodes}."
                )
        for node in scope.nodes:
            if value.get(node) is None and self._fewer and len(scope.nodes) > 2:
                continue
            if value.get(node) is None:
                scope.problems.add(f"{where}.{node}: missing; every node needs a value.")
                dict.__setitem__(result, node, WRONG)
                continue
            place = where if isinstance(value, PerNode) else f"{where}.{node}"
            item = value[node]
            read = attempt(scope, self.kind.read, place, item, scope)
            dict.__setitem__(result, node, read)
        return result

    def says(self) -> str:
        nodes = "each of its nodes" if self._fewer else "each node"
        return f"{self.kind.says()}, or a mapping with one for {nodes}"


class ListOf(Kind):
    """A list whose elements are of one kind."""

    type = "list"

    def __init__(self, kind: Kind, empty: str = "") -> None:
        self.kind, self._empty = kind, empty
        self.elements = kind.type

    def read(self, where: str, value: Any, scope: Scope) -> Items:
        same(where, value)
        if kind_of(value) != "a list":
            refuse(where, value, "is not a list.")
        if self._empty and not value:
            raise Problem(f"{where}: empty; {self._empty}")
        result = Items()
        for index, raw in enumerate(value):
            place = f"{where}[{index}]"
            item = attempt(scope, self.kind.read, place, raw, scope)
            if item is WRONG:
                result.whole = False
            else:
                result.append(item)
        return result

    def says(self) -> str:
        return f"list of {self.kind.says()}"

    def inside(self) -> Iterator[tuple[str, Key]]:
        yield from self.kind.inside()


class Keys(Kind):
    """A mapping with known keys. short: the key that a value alone is meant for."""

    type = "dict"

    def __init__(self, keys: Mapping[str, Key], short: str = "", placed: bool = False) -> None:
        self.keys, self.short, self._placed = dict(keys), short, placed
        if short:
            self.type = "raw"

    def read(self, where: str, value: Any, scope: Scope) -> Read:
        same(where, value)
        if self.short and not isinstance(value, Mapping) and kind_of(value) != "a list":
            value = {self.short: value}
        return read_keys(where, value, self.keys, scope, self._placed)

    def says(self) -> str:
        short = f"{self.keys[self.short].kind.says()}, or " if self.short else ""
        return f"{short}mapping"

    def inside(self) -> Iterator[tuple[str, Key]]:
        yield from self.keys.items()


def read_keys(
    where: str,
    value: Any,
    keys: Mapping[str, Key],
    scope: Scope,
    placed: bool = False,
    elsewhere: Mapping[str, str] | None = None,
) -> Read:
    """Read a mapping by its keys, each problem collected."""
    if not isinstance(value, Mapping):
        refuse(where, value, "is not a mapping.")
    result = Read({"where": where} if placed else {})
    for key, item in value.items():
        if key not in keys and elsewhere and key in elsewhere:
            scope.problems.add(f"{where}.{key}: {elsewhere[key]}")
        elif key not in keys:
            hint = nearest(key, keys)
            scope.problems.add(
                f"{where}.{shown_key(key, item)}: unknown key;{hint} known are"
                f" {', '.join(sorted(keys))}."
            )
    for name, key in keys.items():
        raw = value.get(name)
        if raw is not None:
            place = f"{where}.{name}"
            read = attempt(scope, key.kind.read, place, raw, scope)
            dict.__setitem__(result, name, read)
        elif key.required:
            scope.problems.add(f"{where}.{name}: missing; it must be given.")
            dict.__setitem__(result, name, WRONG)
        elif key.default is not None:
            dict.__setitem__(result, name, key.fill())
    return result


class Choice(Kind):
    """A mapping whose keys depend on the word under one of them."""

    type = "dict"

    def __init__(
        self,
        by: str,
        choices: Mapping[str, Mapping[str, Key]],
        text: str,
        guess: Callable[[Mapping[str, Any]], str] | None = None,
        placed: bool = False,
    ) -> None:
        self.by, self.choices, self._guess, self._placed = by, choices, guess, placed
        self._word = Text(tuple(choices))
        self.text = text

    def read(self, where: str, value: Any, scope: Scope) -> Read:
        same(where, value)
        if not isinstance(value, Mapping):
            refuse(where, value, "is not a mapping.")
        raw = value.get(self.by)
        if raw is None and self._guess is not None:
            try:
                raw = self._guess(value)
            except Problem as problem:
                raise Problem(f"{where}: {problem}") from None
        if raw is None:
            raise Problem(f"{where}.{self.by}: missing; it is one of {', '.join(self.choices)}.")
        word = self._word.read(f"{where}.{self.by}", raw, scope)
        keys = {self.by: Key(self._word, self.text), **self.choices[word]}
        others = {name for choice in self.choices.values() for name in choice}
        elsewhere = dict.fromkeys(others, f"does not belong to {self.by} {word}.")
        result = read_keys(where, value, keys, scope, self._placed, elsewhere)
        dict.__setitem__(result, self.by, word)
        return result

    def says(self) -> str:
        return "mapping"

    def inside(self) -> Iterator[tuple[str, Key]]:
        yield self.by, Key(self._word, self.text, required=self._guess is None)
        met: dict[str, dict[str, Key]] = {}
        for word, keys in self.choices.items():
            for name, key in keys.items():
                met.setdefault(name, {})[word] = key
        for name, by_word in met.items():
            yield name, self._merged(by_word)

    def _merged(self, by_word: Mapping[str, Key]) -> Key:
        """One key for the documentation out of those of several words."""
        first = next(iter(by_word.values()))
        if len({key.text for key in by_word.values()}) > 1:
            text = " ".join(f"With {word}: {key.text}" for word, key in by_word.items())
        elif len(by_word) < len(self.choices):
            text = f"{first.text} ({self.by}: {', '.join(by_word)}.)"
        else:
            text = first.text
        otherwise = {key.otherwise for key in by_word.values()}
        told = first.otherwise if len(otherwise) == 1 else ""
        return Key(first.kind, text, first.required, first.default, told)


class Free(Kind):
    """A mapping whose keys are not ours: parameters of a device, settings of a server."""

    type = "dict"

    def __init__(
        self, key: str, rule: str, forbidden: Mapping[str, str] | None = None, flags: Any = None
    ) -> None:
        self._key, self._rule = re.compile(key), rule
        self._forbidden = forbidden or {}
        self._flags = flags

    def read(self, where: str, value: Any, scope: Scope) -> Read:
        same(where, value)
        if not isinstance(value, Mapping):
            refuse(where, value, "is not a mapping.")
        result = Read()
        for key, item in value.items():
            read = attempt(scope, self._one, where, key, item)
            dict.__setitem__(result, str(key), read)
        return result

    def _one(self, where: str, key: Any, item: Any) -> Any:
        place = f"{where}.{shown_key(key, item)}"
        if not isinstance(key, str) or not self._key.fullmatch(key):
            raise Problem(f"{place}: {self._rule}")
        if key in self._forbidden:
            raise Problem(f"{place}: not allowed; {self._forbidden[key]}")
        if isinstance(item, bool) and self._flags is not None:
            item = self._flags[item]
        if not isinstance(item, (str, int, float)):
            raise Problem(f"{place}: the value is not a text of one line.")
        if isinstance(item, int) and item.bit_length() > 128:
            raise Problem(f"{place}: the value is a number of too many digits.")
        if not str(item).isprintable():
            raise Problem(f"{place}: the value is not a text of one line.")
        return item

    def says(self) -> str:
        return "mapping of texts and numbers"
