# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads single inventory values: every error is one sentence with variable, value and rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")


class Problem(ValueError):
    """One wrong value in the inventory; the text is the sentence that the user reads."""

    def __init__(self, sentence: str) -> None:
        # Whatever a user wrote into a value, the answer stays one line.
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence))


class PerNode(dict[str, Any]):
    """A value that host variables made different from node to node."""


def refuse(where: str, value: object, rule: str) -> NoReturn:
    """Raise the sentence "where: value rule"."""
    shown = value if isinstance(value, str) and value else repr(value)
    raise Problem(f"{where}: {shown} {rule}")


def merge(values: Mapping[str, Any]) -> Any:
    """Fold what each node's variables say into one value; leaves that differ become PerNode."""
    items = list(values.values())
    first = items[0]
    if all(item == first for item in items):
        return first
    if all(isinstance(item, Mapping) for item in items):
        if all(list(item) == list(first) for item in items):
            return {key: merge({n: v[key] for n, v in values.items()}) for key in first}
    elif all(is_list(item) and len(item) == len(first) for item in items):
        return [merge({n: v[i] for n, v in values.items()}) for i in range(len(first))]
    return PerNode(values)


def is_list(value: Any) -> bool:
    """Whether the value is a list and not a text."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def same(where: str, value: Any) -> Any:
    """Return the value, or refuse one that differs between the nodes."""
    if isinstance(value, PerNode):
        said = ", ".join(f"{item!r} on {node}" for node, item in value.items())
        raise Problem(f"{where}: {said}; it must be the same on every node.")
    return value


def mapping(
    where: str, value: Any, required: Iterable[str] = (), optional: Iterable[str] = ()
) -> dict[str, Any]:
    """Return a mapping that has all required keys and no unknown one."""
    same(where, value)
    if not isinstance(value, Mapping):
        refuse(where, value, "is not a mapping.")
    known = [*required, *optional]
    for key in value:
        if key not in known:
            raise Problem(f"{where}.{key}: unknown key; known are {', '.join(sorted(known))}.")
    for key in required:
        if value.get(key) is None:
            raise Problem(f"{where}.{key}: missing; it must be given.")
    return {str(key): item for key, item in value.items() if item is not None}


def sequence(where: str, value: Any) -> list[Any]:
    """Return a list."""
    same(where, value)
    if not is_list(value):
        refuse(where, value, "is not a list.")
    return list(value)


def text(where: str, value: Any, choices: Sequence[str] = ()) -> str:
    """Return a text that is not empty and, if choices are given, one of them."""
    same(where, value)
    if not isinstance(value, str) or not value.strip():
        refuse(where, value, "is not a text.")
    if choices and value not in choices:
        refuse(where, value, f"is not one of {', '.join(choices)}.")
    return str(value)


def name(where: str, value: Any) -> str:
    """Return a text that may become part of file, unit and resource names."""
    result = text(where, value)
    if not NAME.fullmatch(result):
        refuse(
            where, value, "is not a name: a letter, then at most 30 letters, digits, '-' or '_'."
        )
    return result


def path(where: str, value: Any) -> str:
    """Return an absolute path without '..' and without a slash at its end."""
    result = text(where, value)
    if not result.startswith("/") or ".." in result.split("/") or "\n" in result:
        refuse(where, value, "is not an absolute path.")
    return "/" + "/".join(part for part in result.split("/") if part)


def number(where: str, value: Any, low: float, high: float) -> float:
    """Return a number inside the limits, both included."""
    same(where, value)
    try:
        if isinstance(value, bool):
            raise ValueError
        result = float(value)
    except (TypeError, ValueError):
        refuse(where, value, "is not a number.")
    if not low <= result <= high:
        refuse(where, value, f"is not between {low:g} and {high:g}.")
    return result


def whole(where: str, value: Any, low: int, high: int) -> int:
    """Return a whole number inside the limits, both included."""
    result = number(where, value, low, high)
    if result != int(result):
        refuse(where, value, "is not a whole number.")
    return int(result)


def flag(where: str, value: Any) -> bool:
    """Return a boolean; the words yes, no, true and false count too."""
    same(where, value)
    words = {"yes": True, "true": True, "no": False, "false": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        refuse(where, value, "is neither true nor false.")
    return value


def per_node(where: str, value: Any, nodes: Sequence[str]) -> dict[str, Any]:
    """Spread one value over all nodes, or check that a mapping names exactly the nodes."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(nodes, value)
    for key in value:
        if key not in nodes:
            raise Problem(f"{where}.{key}: not a node; the nodes are {', '.join(nodes)}.")
    for node in nodes:
        if value.get(node) is None:
            raise Problem(f"{where}.{node}: missing; every node needs a value.")
    return {node: value[node] for node in nodes}


def unique(where: str, values: Iterable[str], what: str) -> None:
    """Refuse a value that occurs twice in a list."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            raise Problem(f"{where}[{index}].{what}: {value} is used twice; it must be unique.")
        seen.add(value)
