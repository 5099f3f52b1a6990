# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads JSON from files, disks and sockets. Unusable content raises JsonError and nothing else.

Python's own reader accepts values that break the code behind it: nesting up to the limit of
recursion, NaN and infinity, numbers too large for 64 bits, lone surrogates that cannot be encoded.
The caller limits the size.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
"""The module typing itself takes as long to load as all that is needed here."""
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 64
MAX_DIGITS = 20
"""Enough for all numbers of 64 bits."""


class JsonError(ValueError):
    """The text is unusable; str() says where and why, without a full stop."""


def loads(text: str | bytes, *, halves: bool = False) -> Any:
    """The value of a JSON text in UTF-8, or JsonError; nothing else is raised.

    halves: accept lone surrogates, for a caller that shows texts escaped.
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
        raise JsonError(f"a whole number has more than {MAX_DIGITS} digits")
    return int(digits)


def _real(text: str) -> float:
    value = float(text)
    if value - value != 0:  # infinity
        raise JsonError("a number is too large")
    return value


def _no_number(word: str) -> float:
    raise JsonError(f"{word} is not a number in JSON")


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=_no_number)


def _inspect(value: Any, halves: bool) -> None:
    """Refuse deep nesting, and texts that cannot be encoded as UTF-8."""
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
        raise JsonError("a text holds half of a surrogate pair") from None
