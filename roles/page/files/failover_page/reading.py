# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads values out of a status that an older or newer daemon may have written otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """The mapping under that name, empty if there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def listing(value: Any, name: str) -> list[Mapping[str, Any]]:
    """The mappings in the list under that name."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def others(status: Any) -> list[Mapping[str, Any]]:
    """The other nodes, each with name and life: the peer of a pair, or who else is reported."""
    peer = mapping(status, "peer")
    if peer:
        return [peer]
    return [one for one in listing(status, "reports") if text(one, "name") != text(status, "node")]


def text(value: Any, name: str) -> str:
    """The text under that name, empty if there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def number(value: Any, name: str) -> float | None:
    """The finite number under that name, None if there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        result = float(found)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def flag(value: Any, name: str) -> bool:
    """Whether true stands under that name."""
    return isinstance(value, Mapping) and value.get(name) is True


def texts(value: Any, name: str) -> list[str]:
    """The texts in the list under that name."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
