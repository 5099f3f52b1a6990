# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haresources: a resource group a line, started from left to right."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .. import text

IP = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(/.*)?")
MOST_GROUPS = 64


@dataclass(frozen=True)
class Resource:
    """One script with its arguments. A bare address is IPaddr with that argument."""

    script: str
    arguments: tuple[str, ...]
    word: str
    """As it is written."""


@dataclass(frozen=True)
class Group:
    """Resources that move together, and the node that they prefer."""

    node: str
    resources: tuple[Resource, ...]
    line: int
    broken: bool = False
    """Whether a blank behind a backslash keeps Heartbeat from reading on."""

    def words(self) -> tuple[str, ...]:
        """What Heartbeat compares."""
        return (self.node, *(resource.word for resource in self.resources))


def parse(content: str) -> list[Group]:
    """Read a whole file."""
    result = []
    for line in text.lines(content):
        words = [word for word in line.words if word != "\\"]
        broken = len(words) < len(line.words)
        if words:
            resources = tuple(map(resource, words[1:]))
            result.append(Group(words[0].lower(), resources, line.number, broken))
    return result[:MOST_GROUPS]


def resource(word: str) -> Resource:
    """Read one word."""
    name, *arguments = word.split("::")
    if not arguments and IP.fullmatch(name):
        return Resource("IPaddr", (name,), word)
    return Resource(name, tuple(arguments), word)
