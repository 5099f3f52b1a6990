# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a frozen dataclass with some fields changed: dataclasses.replace, but quick.

replace() calls the constructor with every field again, which was most of the cost of a step.
"""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def changed(value: T, **fields: Any) -> T:
    """A copy with these fields; raises TypeError for a field that the class does not have."""
    new: T = object.__new__(type(value))
    content = new.__dict__
    content.update(value.__dict__)
    content.update(fields)
    if len(content) != len(value.__dict__):
        unknown = sorted(set(fields) - set(value.__dict__))
        raise TypeError(f"{type(value).__name__} has no field {unknown[0]}")
    return new
