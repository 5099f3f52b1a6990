# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a configuration file, up to a limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_LINES = 20_000
LONGEST_LINE = 16_384
"""Characters of a line with what continues it."""
SHOWN = 60
PLACEHOLDER = re.compile(
    r"<[A-Za-z][A-Za-z0-9 _-]*>|\{\{.*|\$\{?[A-Za-z_]+\}?|@@?[A-Za-z_]+@@?|%[A-Za-z_]+%"
    r"|[0-9.]*\b[xX]{1,3}(\.[xX0-9]{1,3})+|(?:YOUR|MY|CHANGE|TODO|FIXME|REPLACE)[_-][A-Za-z_-]*",
)
"""What a sample has where a value belongs."""


@dataclass(frozen=True)
class Line:
    """A logical line: number of its first physical one, and its words."""

    number: int
    words: tuple[str, ...]


def lines(text: str, continued: bool = True) -> Iterator[Line]:
    """Yield each line that says something. A # begins a comment; a \\ at the end goes on."""
    held: list[str] = []
    length, first = 0, 1
    physical = text.splitlines()[:MOST_LINES]
    for number, raw in enumerate(physical, 1):
        # A blank behind the backslash ends the line, as it does for the programs that read it.
        bare = raw.partition("#")[0]
        more = continued and bare.endswith("\\") and number < len(physical)
        if not held:
            first, length = number, 0
        bare = bare.removesuffix("\\") if more else bare
        room = max(0, LONGEST_LINE - length)
        held.append(bare[:room])
        length += len(bare)
        if more:
            continue
        words = tuple("".join(held).split())
        held = []
        if words:
            yield Line(first, words)


def placeholder(word: str) -> bool:
    """Whether a word is one that was never filled in."""
    return PLACEHOLDER.fullmatch(word) is not None


def plain(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)


def shown(word: str) -> str:
    """A word of a file as a sentence may show it."""
    word = plain(word)
    return word if len(word) <= SHOWN else f"{word[:SHOWN]}..."
