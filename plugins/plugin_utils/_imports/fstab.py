# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""fstab and /proc/self/mounts, which have the same form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import text

NAMED = {
    "LABEL": "by-label",
    "UUID": "by-uuid",
    "PARTUUID": "by-partuuid",
    "PARTLABEL": "by-partlabel",
}


@dataclass(frozen=True)
class Mount:
    """One line."""

    source: str
    target: str
    type: str
    options: str


def parse(content: str) -> list[Mount]:
    """Return the lines that mount something somewhere."""
    result = []
    for line in text.lines(content, continued=False):
        if len(line.words) < 2:
            continue
        missing = ("auto", "defaults")[len(line.words) - 2 :]
        source, target, kind, options = (*line.words, *missing)[:4]
        result.append(Mount(device(plain(source)), plain(target), kind, options))
    return result


def device(source: str) -> str:
    """Return the path of a device that is named by its label or number."""
    key, equals, value = source.partition("=")
    if equals and key.upper() in NAMED and value:
        return f"/dev/disk/{NAMED[key.upper()]}/{value.strip(chr(34))}"
    return source


def plain(word: str) -> str:
    """Undo the octal escapes."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), word)
