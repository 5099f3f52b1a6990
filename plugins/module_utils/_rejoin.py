# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a node's copy of a database that PostgreSQL replicates comes back as standby.

Rows that were acknowledged are never discarded without the word of the user, and data are never
overwritten before a good copy is there: what a decision takes away is kept aside first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

CLEAN = "shut down"
RESTING = "shut down in recovery"
RECOVERING = "in archive recovery"
"""States of pg_controldata: a primary that was stopped, a standby that was, one that crashed."""
ENDLESS = 1 << 64
"""After every position in the WAL."""
MOST_KEPT = 3
"""A copy comes back by itself until so much was kept: a node that fails so often needs a person,
and what is kept would fill its disk."""


@dataclass(frozen=True)
class Data:
    """A data directory whose server is down, as pg_controldata shows it."""

    state: str
    system: str
    """The number that initdb gave the database. All its copies have it."""
    timeline: int
    checkpoint: int
    """Where the last checkpoint is in the WAL."""
    hints: bool
    """Whether pg_rewind finds every changed page: data checksums or wal_log_hints. The latter has
    to be on in the file that pg_rewind is told (--config-file), too: it recovers a crashed server
    with the settings there, and refuses the data if they say off."""
    history: tuple[tuple[int, int], ...] = ()
    """The timelines before, oldest first: number, and where it ended."""


@dataclass(frozen=True)
class Primary:
    """A server that takes writes."""

    node: str
    system: str
    timeline: int
    full_page_writes: bool = True
    history: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Copy:
    """What a node has of the database."""

    node: str
    path: str
    """Its data directory."""
    holds: str
    """nothing; a database; broken: one whose pg_control cannot be read; other files."""
    data: Data | None = None
    """None unless it holds a database and its server is down."""
    running: bool = False
    streaming: bool = False
    """Whether it is connected to the primary as standby."""
    locked: bool = False
    """Whether the agent's PGSQL.lock is there."""
    alone: bool = False
    """Whether it last took writes without a standby in sync."""
    tried: bool = False
    """Whether pg_rewind has failed on these data, or was interrupted."""
    behind: bool = False
    """Whether the primary no longer has the WAL that it needs."""


@dataclass(frozen=True)
class Plan:
    """What to do, and why."""

    action: str
    """nothing, refuse, follow (start it as standby), rewind or backup (copy the whole)."""
    why: str
    keep: str = ""
    """What is set aside first: data (the directory), wal (what pg_rewind takes away), or ""."""
    lock: str = ""
    """Why PGSQL.lock is there and may be removed at the end; "" if it is not there, or stays."""


def decide(copy: Copy, primaries: Sequence[Primary], discard: bool = False) -> Plan:
    """Return how a copy becomes standby.

    primaries: every server of the service that takes writes. discard: the user's word that rows
    may be given up that only this copy has.
    """
    reason = _refusal(copy, primaries, discard)
    if reason:
        return Plan("refuse", reason)
    if copy.streaming:
        return Plan("nothing", f"{copy.node}: follows {primaries[0].node} already.")
    action, why, keep = _way(copy, primaries[0])
    return Plan(action, f"{copy.node}: {why}", keep, _lock(copy, action))


def _refusal(copy: Copy, primaries: Sequence[Primary], discard: bool) -> str:
    node, data = copy.node, copy.data
    names = sorted(one.node for one in primaries)
    if not names:
        return (
            f"{node}: no server of the service takes writes, so there is nothing to follow. Start"
            " the node with the newest data first."
        )
    if len(names) > 1:
        return (
            f"{' and '.join(names)} both take writes. Stop the one whose rows may be given up, and"
            " run it again."
        )
    if names == [node]:
        return f"{node}: is the primary; a primary is not overwritten."
    if copy.streaming:
        return ""
    if copy.running:
        return f"{node}: its server runs and follows nobody. Stop it, and run it again."
    if copy.holds == "other files":
        return (
            f"{node}:{copy.path} has files that are no database; they are never overwritten."
            " Move them away."
        )
    if data is not None and data.system != primaries[0].system:
        return (
            f"{node}:{copy.path} is another database than that of {names[0]} (system identifier"
            f" {data.system}, not {primaries[0].system}); it is never overwritten. Move it away."
        )
    return "" if discard else _only_here(copy, primaries[0])


def _only_here(copy: Copy, primary: Primary) -> str:
    """Why the copy may have acknowledged rows that the primary does not have, or ""."""
    if copy.data is not None and _another_line(copy.data, primary):
        cause = "it was a primary of which that one knows nothing"
    elif copy.alone and copy.holds != "nothing" and not _contained(copy, primary):
        cause = "it took writes without a standby in sync"
    else:
        return ""
    return (
        f"{copy.node}: may have acknowledged rows that {primary.node} does not have, because"
        f" {cause}. Save them first, or give them up with the word discard."
    )


def _another_line(data: Data, primary: Primary) -> bool:
    """Whether the data were written by a primary that this one does not descend from.

    Two that were promoted at the same place have the same timeline and history.
    """
    end = left(data, primary)
    return end is None or (end == ENDLESS and data.state not in (RESTING, RECOVERING))


def _way(copy: Copy, primary: Primary) -> tuple[str, str, str]:
    """Return the action, why, and what is kept aside. Nothing speaks against a copy any more."""
    data = copy.data
    if copy.holds == "nothing":
        return "backup", "has no data.", ""
    if data is None:
        return "backup", "pg_control cannot be read.", "data"
    if copy.behind:
        return "backup", f"{primary.node} no longer has the WAL that it needs.", "data"
    if _contained(copy, primary):
        return "follow", f"everything that it has, {primary.node} has too.", ""
    obstacle = _no_rewind(copy, data, primary)
    if obstacle:
        return "backup", f"pg_rewind is not possible: {obstacle}.", "data"
    return "rewind", f"may have written what {primary.node} does not have.", "wal"


def _contained(copy: Copy, primary: Primary) -> bool:
    """Whether the WAL of the primary provably contains all that the copy has."""
    if copy.data is None:
        return False
    end = left(copy.data, primary)
    if end is None:
        return False
    if copy.data.state == CLEAN:
        # The last record is that of the checkpoint, and a timeline ends between two records.
        return end < ENDLESS and copy.data.checkpoint < end
    # A standby may have received more than it shows.
    return end == ENDLESS and copy.data.state in (RESTING, RECOVERING)


def _no_rewind(copy: Copy, data: Data, primary: Primary) -> str:
    end = left(data, primary)
    if copy.tried:
        return "it failed on these data, or was interrupted"
    if end is None or end == ENDLESS:
        return "the timelines do not tell where the two parted"
    if data.state == RECOVERING:
        return "a standby that crashed has to recover first"
    if not data.hints:
        return "the data have neither checksums nor wal_log_hints"
    if not primary.full_page_writes:
        return f"full_page_writes is off on {primary.node}"
    return ""


def left(data: Data, primary: Primary) -> int | None:
    """Return where the primary left the timeline of the data, ENDLESS if it is still on it.

    None: it was never on it, even if the number of the timeline is the same.
    """
    before = len(data.history)
    if data.history != primary.history[:before]:
        return None
    line = [*primary.history[before:], (primary.timeline, ENDLESS)]
    timeline, end = line[0]
    return end if timeline == data.timeline else None


def person(copy: Copy, primaries: Sequence[Primary], plan: Plan, kept: int) -> str:
    """Return why a plan needs a person, "" if a copy may come back so by itself.

    kept: how many copies of old data lie beside it.
    """
    node = copy.node
    if plan.action == "refuse":
        return plan.why
    if copy.holds == "nothing":
        return f"{node}:{copy.path} is empty; its disk may not be mounted."
    if copy.data is None:
        return f"{node}:{copy.path} cannot be read."
    if left(copy.data, primaries[0]) == ENDLESS and plan.action != "follow":
        return f"{node}: its data are not behind those of {primaries[0].node}."
    if plan.keep and kept >= MOST_KEPT:
        return f"{node}: came back {kept} times, and what was taken away still lies there."
    return ""


def _lock(copy: Copy, action: str) -> str:
    if not copy.locked:
        return ""
    cause = "the agent left PGSQL.lock because this node stopped being primary without a clean end"
    gone = {
        "follow": "its data are part of the primary's",
        "rewind": "pg_rewind takes away what the primary does not have",
        "backup": "its data are replaced by a copy of the primary's",
    }[action]
    return f"{copy.node}: {cause}; {gone}."


def position(text: str) -> int:
    """Return a position in the WAL, such as 0/3000060, as a number."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def history(text: str) -> tuple[tuple[int, int], ...]:
    """Read a file NNNNNNNN.history of pg_wal."""
    found = re.findall(r"^\s*(\d+)\s+([0-9A-Fa-f]+/[0-9A-Fa-f]+)", text, re.MULTILINE)
    return tuple((int(timeline), position(end)) for timeline, end in found)


def data(text: str, before: tuple[tuple[int, int], ...] = ()) -> Data:
    """Read what pg_controldata prints in the locale C. before: the history of its timeline.

    Raise KeyError if something is missing.
    """
    lines = (line.partition(":") for line in text.splitlines())
    said = {key.strip(): value.strip() for key, _colon, value in lines}
    checksums = said["Data page checksum version"] != "0"
    return Data(
        state=said["Database cluster state"],
        system=said["Database system identifier"],
        timeline=max(
            int(said["Latest checkpoint's TimeLineID"]),
            int(said["Min recovery ending loc's timeline"]),
        ),
        checkpoint=position(said["Latest checkpoint location"]),
        hints=checksums or said["wal_log_hints setting"] == "on",
        history=before,
    )
