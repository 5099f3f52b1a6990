# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the core's frozen dataclasses into plain JSON values and back, for wire and journal.

Fields that hold their default are left out, so that a journal line stays short. Members of a
union of dataclasses carry their class name under "$".
"""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")
LARGEST = 1e300
"""Far above every number of the core. A larger one breaks the arithmetic of times."""
SHOWN = 80
"""A message shows no more characters of a value than this."""


class CodecError(ValueError):
    """A value does not fit the type it should become; the text says where."""


def to_json(value: Any, *, tagged: bool = False) -> Any:
    """Return plain lists, dicts, strings and numbers. tagged adds the class name under "$"."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        result: dict[str, Any] = {"$": type(value).__name__} if tagged else {}
        for name, hint, default in _fields(type(value)):
            item = getattr(value, name)
            if item != default:
                result[name] = to_json(item, tagged=_is_sum(hint))
        return result
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_json(item, tagged=tagged) for item in value]
    return value


def from_json(cls: Any, data: Any) -> Any:
    """Build a value of type cls (a dataclass or a union of them) or raise CodecError."""
    return _build(cls, data, getattr(cls, "__name__", "value"))


_MISSING = object()


@cache
def _fields(cls: type) -> tuple[tuple[str, Any, Any], ...]:
    hints = typing.get_type_hints(cls)
    result = []
    for field in dataclasses.fields(cls):
        default: Any = _MISSING
        if field.default is not dataclasses.MISSING:
            default = field.default
        elif field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        result.append((field.name, hints[field.name], default))
    return tuple(result)


@cache
def _is_sum(hint: Any) -> bool:
    """True for a union of two or more dataclasses, or a tuple of such."""
    if typing.get_origin(hint) is tuple:
        return any(_is_sum(part) for part in typing.get_args(hint) if part is not Ellipsis)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return sum(dataclasses.is_dataclass(part) for part in typing.get_args(hint)) > 1
    return False


def _build(hint: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _build_union(hint, data, where)
    if origin is tuple:
        return _build_tuple(hint, data, where)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _build_dataclass(hint, data, where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(data)
        except ValueError:
            raise CodecError(f"{where}: {shown(data)} is not a {hint.__name__}") from None
    if hint is float and isinstance(data, int | float) and not isinstance(data, bool):
        return _real(data, where)
    # Python takes a bool for an int; here it is a bool only.
    whole = isinstance(data, bool) == (hint is bool)
    if isinstance(hint, type) and isinstance(data, hint) and whole:
        return data
    raise CodecError(f"{where}: {shown(data)} is not a {getattr(hint, '__name__', hint)}")


def _real(data: int | float, where: str) -> float:
    """A finite number. Infinity and NaN break the arithmetic of times."""
    if not abs(data) <= LARGEST:
        raise CodecError(f"{where}: {shown(data)} is not a finite number")
    return float(data)


def shown(data: Any) -> str:
    """A value as a message may show it: shortened, without the content of a list or an object."""
    if isinstance(data, list | dict):
        return "a list" if isinstance(data, list) else "an object"
    if isinstance(data, int) and abs(data) > LARGEST:
        return "a huge number"
    text = repr(data)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _build_union(hint: Any, data: Any, where: str) -> Any:
    parts = typing.get_args(hint)
    if data is None and types.NoneType in parts:
        return None
    classes = [part for part in parts if dataclasses.is_dataclass(part)]
    if len(classes) > 1:
        name = data.get("$") if isinstance(data, dict) else None
        for part in classes:
            if getattr(part, "__name__", "") == name:
                return _build(part, data, where)
        raise CodecError(f"{where}: unknown kind {shown(name)}")
    rest = [part for part in parts if part is not types.NoneType]
    if len(rest) == 1:
        return _build(rest[0], data, where)
    raise CodecError(f"{where}: cannot read {hint}")


def _build_tuple(hint: Any, data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise CodecError(f"{where}: {shown(data)} is not a list")
    args = typing.get_args(hint)
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(_build(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if len(args) != len(data):
        raise CodecError(f"{where}: {len(data)} items instead of {len(args)}")
    return tuple(
        _build(arg, item, f"{where}[{i}]")
        for i, (arg, item) in enumerate(zip(args, data, strict=True))
    )


def _build_dataclass(cls: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise CodecError(f"{where}: {shown(data)} is not a {cls.__name__}")
    values: dict[str, Any] = {}
    for name, hint, default in _fields(cls):
        if name in data:
            values[name] = _build(hint, data[name], f"{where}.{name}")
        elif default is _MISSING:
            raise CodecError(f"{where}: {name} is missing")
    unknown = set(data) - {name for name, _type, _default in _fields(cls)} - {"$"}
    if unknown:
        raise CodecError(f"{where}: unknown field {shown(min(unknown))}")
    return cls(**values)
