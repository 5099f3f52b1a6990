# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl availability --output FILE: the account and the last outages, for the status page.

A process of its own makes it from time to time: the daemon reads no history for a page.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import account, story
from .account import records
from .entries import Record

FORMAT = 1
OUTAGES, EVENTS = 10, 60
LONGEST_TEXT = 300


def published(
    read_records: Sequence[Record], services: Sequence[str], begin: float, now: float, target: float
) -> dict[str, Any]:
    """The account without its list of outages, and the newest outages as stories."""
    found = account.report(read_records, services, begin, now, target)
    for service in found["services"]:
        # The stories tell of them, and a list of a year may be long.
        del service["outages"], service["unknown"]
    newest = [each for each in story.every(read_records, now) if each.end > begin]
    return {
        "format": FORMAT,
        "at": round(now, 3),
        "availability": found,
        "outages": [_short(story.story(each, read_records)) for each in newest[:OUTAGES]],
    }


def _short(one: dict[str, Any]) -> dict[str, Any]:
    """The story, cut to what a page can show."""
    events = one["events"]
    shown = events if len(events) <= EVENTS else [*events[: EVENTS // 2], *events[-EVENTS // 2 :]]
    return {
        **one,
        "text": one["text"][:LONGEST_TEXT],
        "left_out": len(events) - len(shown),
        "events": [{**event, "text": event["text"][:LONGEST_TEXT]} for event in shown],
    }


def write(
    directories: Sequence[str],
    alive: str,
    services: Sequence[str],
    since: str,
    target: float,
    file: str,
) -> int:
    """Write it as JSON, whole or not at all; returns the exit status. Raises Wrong, OSError."""
    account.check_target(target)
    now = time.time()
    read_records = records([Path(directory) for directory in directories], alive, now)
    begin = account.begin_of(since, now)
    text = json.dumps(published(read_records, services, begin, now, target)) + "\n"
    path = Path(file)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(
        os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644), "w"
    ) as stream:
        stream.write(text)
    beside.replace(path)
    return 0
