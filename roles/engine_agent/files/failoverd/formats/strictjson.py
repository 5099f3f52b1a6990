# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one reader of JSON that comes from a file, a disk or a socket: any content ends in JsonError.

Python's own reader lets through what breaks whoever works with the value: nesting up to the limit
of recursion, numbers that are none or that fit nowhere, halves of characters that cannot be
written. The caller bounds the size.
"""

from __future__ import annotations

import json
from typing import Any

MAX_DEPTH = 64
MAX_DIGITS = 20
"""All numbers of 64 bits fit."""


class JsonError(ValueError):
    """The text cannot be used; str() says where and why, without a full stop."""


def loads(text: str | bytes, *, halves: bool = False) -> Any:
    """The value of a JSON text in UTF-8, or JsonError; nothing else is raised.

    halves: for texts that are only shown, by a function that escapes them: half a character passes.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode()
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise JsonError(f"{place}: not valid JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise JsonError("not valid UTF-8") from None
    except RecursionError:
        raise JsonError(f"nested deeper than {MAX_DEPTH} levels") from None
    if text.count("[") + text.count("{") > MAX_DEPTH or "\\u" in text or not text.isascii():
        _inspect(value, halves)
    return value


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise JsonError(f"a whole number of more than {MAX_DIGITS} digits")
    return int(digits)


def _real(text: str) -> float:
    value = float(text)
    if value - value != 0:  # infinity
        raise JsonError("a number that is too large")
    return value


def _no_number(word: str) -> float:
    raise JsonError(f"{word} is no number in JSON")


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=_no_number)


def _inspect(value: Any, halves: bool) -> None:
    """Refuse what is nested too deeply, and texts that cannot be written as UTF-8."""
    level: list[Any] = [[value]]
    for _depth in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for container in level:
            items = [*container, *container.values()] if isinstance(container, dict) else container
            for item in items:
                if isinstance(item, str) and not halves:
                    _writable(item)
                elif isinstance(item, dict | list):
                    below.append(item)
        if not below:
            return
        level = below
    raise JsonError(f"nested deeper than {MAX_DEPTH} levels")


def _writable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise JsonError("a text holds half a character") from None
