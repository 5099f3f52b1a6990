# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes text of programs, devices and operators safe to send, to write and to show (X8)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


def printable(text: str) -> str:
    """The text on one line. Control sequences and invalid characters are escaped.

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
    """The dataclass with all its texts made printable; the same object if none has to change."""
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
