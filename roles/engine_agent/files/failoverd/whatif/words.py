# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of whatif: a small grammar of events, separated by semicolons."""

from __future__ import annotations

import re
from dataclasses import dataclass

from failoverd.core.config import CoreConfig


class Misunderstood(ValueError):
    """An invalid statement; str() is the sentence to show."""


@dataclass(frozen=True)
class Statement:
    """One event. Unused fields are empty."""

    kind: str
    text: str
    node: str = ""
    service: str = ""
    link: str = ""
    seconds: float = 0.0


FORMS: tuple[tuple[str, str], ...] = (
    ("power-off", "NODE loses power"),
    ("power-on", "NODE gets power"),
    ("freeze", "NODE freezes"),
    ("freeze", "NODE freezes for SECONDS"),
    ("kill", "NODE daemon killed"),
    ("cut", "link LINK fails"),
    ("mend", "link LINK returns"),
    ("cut-replication", "replication fails"),
    ("cut-all", "all links fail"),
    ("mend-all", "all links return"),
    ("fail", "SERVICE fails"),
    ("no-start", "start of SERVICE on NODE fails"),
    ("no-stop", "stop of SERVICE on NODE fails"),
    ("disk", "disk of SERVICE on NODE fails"),
    ("no-fence", "fencing of NODE fails"),
    ("switchover", "switchover SERVICE"),
    ("switchover", "switchover SERVICE to NODE"),
    ("confirm", "confirm-fenced NODE"),
    ("wait", "wait SECONDS"),
)
"""The kinds of events and their words."""

HELP = """Events are separated by semicolons and happen at the same moment, unless "wait SECONDS"
stands between them. These are the events:

{forms}

examples:
  failoverctl whatif 'node1 loses power'
  failoverctl whatif 'fencing of node1 fails; node1 freezes'
  failoverctl whatif 'all links fail; wait 10; all links return'
  failoverctl whatif --state /var/lib/failoverd/journal/0000000007.jsonl 'switchover shop'
""".format(forms="\n".join(f"  {form}" for _name, form in FORMS))


def parse(text: str, config: CoreConfig) -> list[Statement]:
    """The statements, in order; raises Misunderstood."""
    pieces = [" ".join(piece.split()) for piece in text.split(";")]
    statements = [_statement(piece, config) for piece in pieces if piece]
    if not statements:
        raise Misunderstood("there is no event.")
    return statements


def _statement(piece: str, config: CoreConfig) -> Statement:
    kinds = {
        "NODE": (config.node, config.peer),
        "SERVICE": tuple(service.name for service in config.services),
        "LINK": config.links,
    }
    wrong = ""
    for kind, form in FORMS:
        pattern = re.sub(r"(NODE|SERVICE|LINK|SECONDS)", r"(?P<\1>\\S+)", form)
        match = re.fullmatch(pattern, piece)
        if match is None:
            continue
        found = match.groupdict()
        unknown = [(w, n) for w, n in found.items() if w in kinds and n not in kinds[w]]
        if unknown:
            word, name = unknown[0]
            there = ", ".join(kinds[word])
            wrong = wrong or f"no {word.lower()} {name!r}; there is: {there}"
            continue
        return Statement(
            kind,
            piece,
            found.get("NODE", ""),
            found.get("SERVICE", ""),
            found.get("LINK", ""),
            _seconds(piece, found.get("SECONDS", "0")),
        )
    raise Misunderstood(f"{piece!r}: {wrong or 'this is not understood'}.")


def _seconds(piece: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise Misunderstood(f"{piece!r}: {text!r} is not a number of seconds.") from None
    if not 0 <= seconds <= 3600:
        raise Misunderstood(f"{piece!r}: the seconds must lie between 0 and 3600.")
    return seconds
