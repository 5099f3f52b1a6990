# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the kinds of faults: each enters itself, with how often and how long it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .fault import Fault

if TYPE_CHECKING:
    from .node import Node
    from .world import World

Undo = Callable[[], None] | None
Do = Callable[["World", "Node", Fault], Undo]


@dataclass(frozen=True)
class Kind:
    """One kind of fault."""

    name: str
    do: Do
    weight: float
    lasts: tuple[float, float]


KINDS: dict[str, Kind] = {}


def kind(weight: float = 1.0, lasts: tuple[float, float] = (1.0, 25.0)) -> Callable[[Do], Do]:
    """Enter a function into the table under its own name."""

    def enter(do: Do) -> Do:
        KINDS[do.__name__] = Kind(do.__name__, do, weight, lasts)
        return do

    return enter


def pick(names: list[str], number: float) -> str:
    """The choice that a number from 0 to 1 stands for."""
    return names[int(number * len(names))]
