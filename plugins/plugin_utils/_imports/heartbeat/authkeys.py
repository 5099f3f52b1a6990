# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""authkeys: how packets are signed. The keys themselves were masked on the host."""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import text


@dataclass
class Keys:
    """What authkeys says."""

    auth: int | None = None
    """The number of the method that is used."""
    methods: dict[int, str] = field(default_factory=dict)
    """Number -> crc, md5 or sha1; "" for another."""
    wrong: list[int] = field(default_factory=list)
    """Lines that Heartbeat cannot read."""


def parse(content: str) -> Keys:
    """Read a whole file."""
    keys = Keys()
    for line in text.lines(content, continued=False):
        name, *values = line.words
        if name.lower() == "auth" and len(values) == 1 and values[0].isdecimal():
            keys.auth = int(values[0][:4])
        elif name.isdecimal() and values:
            method = values[0].lower()
            keys.methods[int(name[:4])] = method if method in ("crc", "md5", "sha1") else ""
        else:
            keys.wrong.append(line.number)
    return keys
