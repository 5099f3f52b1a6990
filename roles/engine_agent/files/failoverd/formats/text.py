# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside (programs, devices, operators) made safe to send, to write and to show (X8)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


def printable(text: str) -> str:
    """The text on one line. What a terminal obeys, and what is no character, is shown escaped.

    Any line break or tab becomes a space. The result can always be encoded as UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else " "
        if character.isspace()
        else character.encode("unicode_escape").decode()
        for character in text
    )


def cleaned(value: T) -> T:
    """A dataclass with every text in it made printable; itself if there is nothing to do."""
    changes: dict[str, Any] = {}
    for field in fields(value):  # type: ignore[arg-type]
        old = getattr(value, field.name)
        if isinstance(old, Enum):
            continue
        if isinstance(old, str):
            new: Any = printable(old)
        elif is_dataclass(old):
            new = cleaned(old)
        else:
            continue
        if new is not old:
            changes[field.name] = new
    return replace(value, **changes) if changes else value  # type: ignore[type-var]
