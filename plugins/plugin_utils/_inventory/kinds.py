# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a value can be. Each kind reads a value and says what it takes.

A kind raises Problem for one wrong value. Mappings and lists go on: what is wrong inside them is
collected, and its place is marked, so that later checks leave it alone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from .. import _net
from .._problems import Problem, Problems, Unknown, kind_of, refuse, shown, shown_key

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")
WORDS = {"yes": True, "true": True, "no": False, "false": False}
NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
INTERFACE = re.compile(r"[^\s/:]{1,15}")


@dataclass(frozen=True)
class Scope:
    """Whose inventory is read, and where its problems go."""

    nodes: Sequence[str]
    problems: Problems


class PerNode(dict[str, Any]):
    """A value that host variables made different from node to node."""


class _Wrong:
    """Stands where a wrong value was. To ask it for anything raises Unknown."""

    def __repr__(self) -> str:
        return "WRONG"

    def _unknown(self, *_arguments: Any) -> NoReturn:
        raise Unknown

    __contains__ = __iter__ = __len__ = __getitem__ = _unknown
    __lt__ = __gt__ = __le__ = __ge__ = __add__ = __radd__ = __int__ = __float__ = _unknown

    def __getattr__(self, name: str) -> NoReturn:
        # Python itself asks for what has underscores, to copy it for one.
        raise AttributeError(name) if name.startswith("__") else Unknown


WRONG: Any = _Wrong()


class Read(dict[str, Any]):
    """A mapping that was read. To ask for a key whose value is wrong raises Unknown."""

    def __getitem__(self, key: str) -> Any:
        if key not in self:
            raise KeyError(key)
        return known(super().__getitem__(key))

    def get(self, key: str, default: Any = None) -> Any:
        return known(super().get(key, default))

    def items(self) -> Any:
        return [(key, known(item)) for key, item in super().items()]

    def values(self) -> Any:
        return [known(item) for item in super().values()]


class Items(list[Any]):
    """A list that was read. Its wrong elements are left out; who needs them all asks every()."""

    whole = True


def known(value: Any) -> Any:
    """Return the value, or raise Unknown if it is wrong."""
    if value is WRONG:
        raise Unknown
    return value


def every(items: Any) -> Any:
    """Return a list that lacks no element, or raise Unknown."""
    if not getattr(known(items), "whole", True):
        raise Unknown
    return items


def attempt(scope: Scope, read: Callable[..., Any], *arguments: Any) -> Any:
    """The value that read returns for the arguments, or WRONG."""
    with scope.problems:
        return read(*arguments)
    return WRONG


def put(scope: Scope, into: Any, key: str, make: Callable[..., Any], *arguments: Any) -> None:
    """Set a key to what make returns for the arguments, or mark it as wrong."""
    dict.__setitem__(into, key, attempt(scope, make, *arguments))


def merge(values: Mapping[str, Any]) -> Any:
    """Fold what each node's variables say into one value; leaves that differ become PerNode."""
    items = list(values.values())
    first = items[0]
    if all(item == first and isinstance(item, type(first)) for item in items):
        return first
    if all(isinstance(item, Mapping) for item in items):
        if all(list(item) == list(first) for item in items):
            return {key: merge({n: v[key] for n, v in values.items()}) for key in first}
    elif all(kind_of(item) == "a list" and len(item) == len(first) for item in items):
        return [merge({n: v[i] for n, v in values.items()}) for i in range(len(first))]
    return PerNode(values)


def same(where: str, value: Any) -> Any:
    """Return the value, or refuse one that differs between the nodes."""
    if isinstance(value, PerNode):
        said = ", ".join(f"{shown(where, item)} on {node}" for node, item in value.items())
        raise Problem(f"{where}: {said}; it must be the same on every node.")
    return value


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


class Interface(Text):
    """The name of a network interface."""

    def __init__(self) -> None:
        super().__init__(
            form=INTERFACE.pattern,
            rule="is not the name of an interface: at most 15 characters, without '/', ':' and"
            " blanks.",
            words="interface",
        )

    def read(self, where: str, value: Any, scope: Scope) -> str:
        result = super().read(where, value, scope)
        if result in (".", "..", "lo"):
            refuse(where, result, "is not an interface that leads to another host.")
        return result


class Address(Kind):
    """An IP address without a prefix that a host can have."""

    def __init__(self, loopback: bool = False) -> None:
        self._loopback = loopback

    def read(self, where: str, value: Any, scope: Scope) -> str:
        where = where.removesuffix(".address")
        same(where, value)
        if not isinstance(value, str):
            refuse(where, value, "is not an IP address.")
        try:
            address = _net.address(value)
        except ValueError:
            refuse(where, value, "is not an IP address.")
        ordinary(where, address, loopback=self._loopback)
        return address

    def says(self) -> str:
        return "IP address"


def ordinary(where: str, address: str, link_local: bool = False, loopback: bool = False) -> None:
    """Refuse an address that no single host of a LAN can have."""
    kind = _net.special(address)
    if (link_local and kind == "link-local" and ":" not in address) or (
        loopback and kind == "loopback"
    ):
        return
    if kind:
        refuse(where, address, f"is a {kind} address; give one that a host of the LAN can have.")


class Network(Kind):
    """A network in its canonical form."""

    def read(self, where: str, value: Any, scope: Scope) -> str:
        same(where, value)
        if not isinstance(value, str):
            refuse(where, value, "is not a network such as 192.168.1.0/24.")
        if "/" not in value:
            refuse(where, value, "has no prefix; write a network such as 192.168.1.0/24.")
        try:
            return _net.network(value)
        except ValueError:
            refuse(where, value, "is not a network such as 192.168.1.0/24.")

    def says(self) -> str:
        return "network such as `192.168.1.0/24`"


class Each(Kind):
    """One value for every node: the same for all, or a mapping that names exactly the nodes."""

    type = "raw"

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

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
        return f"{self.kind.says()}, or a mapping with one for each node"


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
