# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl history --explain: an outage as a story: what was seen, proved and done, and why."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from failoverd.rules.lengths import long, moment
from failoverd.system.terminal import say

from .account import Wrong, records
from .advice import advice
from .entries import Record, number
from .outages import Outage, told
from .seen import Sight, heartbeats
from .timeline import lines, spans

BEFORE_S = 20.0
"""The journal is read from so long before the outage on."""
SEEN = frozenset((
    "last-heard", "peer-suspect", "peer-silent", "link-down", "link-up", "late", "reach", "seen",
    "resource-failed", "disk-sick", "filling", "carrier", "frozen", "paused", "self-slow", "io",
    "check-blind", "split-brain", "peer-alive", "peer-life", "daemon-start", "daemon-end",
    "self-reset", "file-system-hangs", "warning",
))  # fmt: skip
PROVED = frozenset((
    "fence", "fence-begin", "fence-end", "fence-failed", "peer-gone", "confirmed", "locked-out",
    "lease-over", "address-answers", "grant", "proof-void", "outdated", "handler",
))  # fmt: skip
"""Every other entry tells what was done."""
PARTS = ("seen", "proved", "done")


def every(read_records: Sequence[Record], now: float) -> list[Outage]:
    """All outages that the records know, the newest first."""
    all_lines = lines(read_records)
    begin = min(record.entries[0].time for record in read_records)
    found = [
        outage
        for service in sorted({service for _node, service in all_lines})
        for outage in told(read_records, spans(all_lines, service, begin, now), service)
    ]
    return sorted(found, key=lambda outage: outage.begin, reverse=True)


def story(outage: Outage, read_records: Sequence[Record]) -> dict[str, Any]:
    """Everything about one outage, as plain JSON values."""
    events: list[dict[str, Any]] = [
        {
            "part": "seen" if e.code in SEEN else "proved" if e.code in PROVED else "done",
            "time": e.time,
            "node": e.node,
            "code": e.code,
            "text": e.text,
            "seconds": number(e.data.get("seconds")),
        }
        for e in outage.entries
    ]
    for record in read_records:
        for sight in _sights(record, outage):
            events.append(
                {
                    "part": "seen",
                    "time": round(sight.time, 3),
                    "node": record.node,
                    "code": "journal",
                    "text": sight.text,
                    "seconds": None,
                }
            )
    events.sort(key=lambda event: event["time"])
    return {
        "format": 1,
        "service": outage.service,
        "begin": round(outage.begin, 3),
        "end": round(outage.end, 3),
        "seconds": round(outage.seconds, 3),
        "over": outage.over,
        "whole": outage.whole,
        "planned": outage.cause.planned,
        "cause": outage.cause.code,
        "text": outage.cause.text,
        "from": outage.ran_on,
        "to": outage.runs_on,
        "phases": outage.phases,
        "events": events,
        "advice": advice(outage),
    }


def _sights(record: Record, outage: Outage) -> list[Sight]:
    """What the journal of the node still knows; of links only if a node was lost."""
    lost = any(e.code in ("last-heard", "peer-silent", "peer-gone") for e in outage.entries)
    if not record.path or not lost:
        return []
    silent = [e.time for e in outage.entries if e.code in ("peer-silent", "peer-gone")]
    end = min(silent, default=outage.end)
    try:
        found = heartbeats(Path(record.path) / "journal", outage.begin - BEFORE_S, end)
    except OSError:
        return []
    return [sight for sight in found if sight.service in ("", outage.service)]


def show(directories: Sequence[str], alive: str, which: int, as_json: bool) -> int:
    """Tell one outage, 1 for the newest; returns the exit status. Raises Wrong, OSError."""
    now = time.time()
    read_records = records([Path(directory) for directory in directories], alive, now)
    found = every(read_records, now)
    if not found:
        raise Wrong("the history tells of no outage.")
    if not 1 <= which <= len(found):
        raise Wrong(f"--explain {which}: there are {len(found)} outages; 1 is the newest.")
    one = story(found[which - 1], read_records)
    if as_json:
        print(json.dumps({**one, "number": which, "count": len(found)}))
    else:
        say("\n".join(text(one, which, len(found))))
    return 0


def text(one: dict[str, Any], which: int, count: int) -> list[str]:
    """The story for people."""
    end = f"for {long(one['seconds'])}" if one["over"] else f"since then, {long(one['seconds'])}"
    planned = "planned" if one["planned"] else "not planned"
    result = [
        f"outage {which} of {count}: {one['service']} was down {end}, from {moment(one['begin'])}",
        f"  why        {one['cause']}, {planned}: {one['text']}",
    ]
    if one["from"] or one["to"]:
        result.append(f"  where      {one['from'] or '?'} to {one['to'] or '?'}")
    if not one["whole"]:
        result.append("  begin      it is not recorded when it began: it may have been longer")
    result.append(f"  phases     {' · '.join(f'{k} {long(v)}' for k, v in one['phases'].items())}")
    for part in PARTS:
        found = [event for event in one["events"] if event["part"] == part]
        if found:
            result.append(f"  {part}")
        for event in found:
            after = f"{event['time'] - one['begin']:+.3f} s"
            took = "" if event["seconds"] is None else f" ({event['seconds']:g} s)"
            result.append(f"    {after:>12}  {event['node']}: {event['text']}{took}")
    result.append("  what would have helped")
    return result + [f"    - {sentence}" for sentence in one["advice"]]
