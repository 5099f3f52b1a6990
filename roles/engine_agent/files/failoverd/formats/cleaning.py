# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole dataclasses made printable. Apart from text, which failoverctl loads at each start (X8)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from .text import printable

T = TypeVar("T")


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
