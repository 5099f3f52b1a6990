# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of an inventory: values, those that differ between nodes, and those that are wrong.

What is wrong is collected, and its place is marked, so that later checks leave it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from .._problems import Problem, Problems, Unknown, kind_of, shown


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
