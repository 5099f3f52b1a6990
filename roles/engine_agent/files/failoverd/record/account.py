# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl availability: how long each service was up, down and unknown, and why."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from failoverd.rules import availability as sums
from failoverd.rules.lengths import long, moment
from failoverd.system.terminal import say

from .entries import Record, read
from .outages import Outage, told
from .timeline import UNKNOWN, lines, spans

SIZES = {"h": 3600.0, "d": sums.DAY_S, "w": 7 * sums.DAY_S, "m": sums.MONTH_S, "y": sums.YEAR_S}
SINCE = re.compile(r"(\d+(?:\.\d+)?)([hdwmy])")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
SHOWN = 10
FORMAT = 1


class Wrong(Exception):
    """An argument or a record cannot be used; str() is the sentence to show."""


def begin_of(since: str, now: float) -> float:
    """Unix time of 90d, 12h, 4w, 3m, 1y or a date; raises Wrong."""
    ago = SINCE.fullmatch(since)
    if ago:
        return max(0.0, now - float(ago[1]) * SIZES[ago[2]])
    if DATE.fullmatch(since):
        try:
            return time.mktime(time.strptime(since, "%Y-%m-%d"))
        except (ValueError, OverflowError):
            pass
    raise Wrong(f"--since {since}: must be like 90d, 12h, 4w, 3m, 1y, or a date like 2026-01-31.")


def check_target(target: float) -> None:
    """Raise Wrong if it is no share in percent."""
    if not 0 < target < 100:
        raise Wrong(f"--target {target:g}: must lie between 0 and 100 percent, such as 99.99.")


def records(directories: Sequence[Path], alive: str = "", now: float = 0.0) -> list[Record]:
    """One for each directory; of the same node the first counts. Raises Wrong, OSError.

    alive: the node whose daemon lives now.
    """
    found: dict[str, Record] = {}
    for directory in directories:
        record = read(directory)
        if record is None:
            raise Wrong(f"{directory}: there is no history.")
        if record.node == alive:
            record = replace(record, until=max(record.until, now))
        found.setdefault(record.node, record)
    return list(found.values())


def report(
    read_records: Sequence[Record], services: Sequence[str], begin: float, now: float, target: float
) -> dict[str, Any]:
    """The whole account, as plain JSON values."""
    all_lines = lines(read_records)
    names = sorted({service for _node, service in all_lines})
    missing = [name for name in services if name not in names]
    if missing:
        raise Wrong(f"{missing[0]}: no record names such a service; there are {', '.join(names)}.")
    return {
        "format": FORMAT,
        "begin": round(begin, 3),
        "end": round(now, 3),
        "target": target,
        "records": [
            {
                "node": record.node,
                "path": record.path,
                "begin": round(record.entries[0].time, 3),
                "end": round(record.until, 3),
            }
            for record in read_records
        ],
        "services": [
            _service(read_records, all_lines, name, begin, now, target)
            for name in services or names
        ],
    }


def _service(
    read_records: Sequence[Record],
    all_lines: Any,
    name: str,
    begin: float,
    now: float,
    target: float,
) -> dict[str, Any]:
    states = spans(all_lines, name, begin, now)
    found = list(told(read_records, states, name))
    unknown_s = sum(span.seconds for span in states if span.state == UNKNOWN)
    downs = [sums.Down(outage.seconds, outage.cause.planned) for outage in found]
    account = sums.account(now - begin, unknown_s, downs, target)
    return {
        "name": name,
        "period_s": round(account.period_s, 3),
        "known_s": round(account.known_s, 3),
        "unknown_s": round(account.unknown_s, 3),
        "unknown": [
            {"begin": round(s.begin, 3), "end": round(s.end, 3)}
            for s in states
            if s.state == UNKNOWN
        ],
        "up_s": round(account.up_s, 3),
        "planned_s": round(account.planned_s, 3),
        "unplanned_s": round(account.unplanned_s, 3),
        "moves": account.moves,
        "failures": account.failures,
        "availability": _rounded(account.share, 7),
        "availability_unplanned": _rounded(account.share_unplanned, 7),
        "nines": _rounded(sums.nines(account.share), 3),
        "mttr_s": _rounded(account.mttr_s, 3),
        "mtbf_s": _rounded(account.mtbf_s, 3),
        "budget": {
            "allowed_s": round(account.allowed_s, 3),
            "used_s": round(account.down_s, 3),
            "left_s": round(account.left_s, 3),
        },
        "one_more_a_month": _one_more(account, found),
        "causes": _causes(found),
        "outages": [_outage(outage) for outage in found],
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _one_more(account: sums.Account, found: Sequence[Outage]) -> dict[str, float] | None:
    """Measured by the failovers of the period; None without one."""
    failover_s = sums.middle([o.seconds for o in found if is_failover(o)])
    if failover_s is None:
        return None
    more_s, share, left_s = sums.one_more(account, failover_s)
    return {
        "failover_s": round(failover_s, 3),
        "costs_s": round(more_s, 3),
        "availability": round(share, 7),
        "left_s": round(left_s, 3),
    }


def is_failover(outage: Outage) -> bool:
    """It was not planned, and ended on the other node."""
    return bool(
        not outage.cause.planned
        and outage.whole
        and outage.over
        and outage.ran_on
        and outage.ran_on != outage.runs_on
    )


def _causes(found: Sequence[Outage]) -> list[dict[str, Any]]:
    """Longest first."""
    grouped: dict[tuple[str, bool], list[Outage]] = defaultdict(list)
    for outage in found:
        grouped[outage.cause.code, outage.cause.planned].append(outage)
    result = []
    for (code, planned), group in grouped.items():
        phases: dict[str, float] = defaultdict(float)
        for outage in group:
            for phase, seconds in outage.phases.items():
                phases[phase] += seconds
        result.append(
            {
                "cause": code,
                "planned": planned,
                "count": len(group),
                "seconds": round(sum(outage.seconds for outage in group), 3),
                "phases": {phase: round(seconds, 3) for phase, seconds in phases.items()},
            }
        )
    return sorted(result, key=lambda cause: -cause["seconds"])


def _outage(outage: Outage) -> dict[str, Any]:
    return {
        "begin": round(outage.begin, 3),
        "end": round(outage.end, 3),
        "seconds": round(outage.seconds, 3),
        "cause": outage.cause.code,
        "planned": outage.cause.planned,
        "text": outage.cause.text,
        "from": outage.ran_on,
        "to": outage.runs_on,
        "whole": outage.whole,
        "over": outage.over,
        "phases": outage.phases,
    }


def show(
    directories: Sequence[str],
    alive: str,
    services: Sequence[str],
    since: str,
    target: float,
    as_json: bool,
) -> int:
    """Print the account; returns the exit status. Raises Wrong, OSError."""
    check_target(target)
    now = time.time()
    found = report(
        records([Path(directory) for directory in directories], alive, now),
        services,
        begin_of(since, now),
        now,
        target,
    )
    if as_json:
        print(json.dumps(found))
    else:
        say("\n".join(text(found)))
    return 0


def text(found: dict[str, Any]) -> list[str]:
    """The account for people."""
    period = long(found["end"] - found["begin"])
    result = [f"{moment(found['begin'])} to {moment(found['end'])}, {period}"]
    for record in found["records"]:
        span = f"{_day(record['begin'])} to {_day(record['end'])}"
        result.append(f"  read: the history of {record['node']}, {span}")
    if len(found["records"]) < 2:
        result.append(
            "  not read: the history of the other node; --also DIRECTORY reads a copy of it"
        )
    for service in found["services"]:
        result += ["", *_told(service, found["target"])]
    return result


def _told(service: dict[str, Any], target: float) -> list[str]:
    share = service["availability"]
    if share is None:
        return [f"{service['name']}: nothing is known of this period"]
    nines = f", {service['nines']:.1f} nines" if service["nines"] is not None else ""
    result = [f"{service['name']}: {_percent(share)} available{nines}"]
    result += [
        _row("up", long(service["up_s"])),
        _row("planned", _count(service["planned_s"], service["moves"], "planned outage")),
        _row("unplanned", _count(service["unplanned_s"], service["failures"], "failure")),
        _row("unknown", _unknown(service)),
    ]
    if service["failures"]:
        mean = f"repaired after {long(service['mttr_s'])}, {long(service['mtbf_s'])} up between two"
        result.append(_row("means", f"{mean} (MTTR, MTBF)"))
    budget = service["budget"]
    left = budget["left_s"]
    rest = f"{long(left)} left" if left >= 0 else f"OVERDRAWN by {long(-left)}"
    allowed = f"{target:g} % allows {long(budget['allowed_s'])} in this period"
    result.append(_row("budget", f"{allowed}: {rest}"))
    more = service["one_more_a_month"]
    if more:
        each = f"one more failover a month ({long(more['failover_s'])} each)"
        rest = "and the target is missed" if more["left_s"] < 0 else f"{long(more['left_s'])} left"
        result.append(_row("what if", f"{each}: {_percent(more['availability'])}, {rest}"))
    for cause in service["causes"]:
        word = "planned" if cause["planned"] else "unplanned"
        parts = ", ".join(f"{phase} {long(s)}" for phase, s in cause["phases"].items())
        head = f"{cause['cause']} ({word}), {cause['count']} times, {long(cause['seconds'])}"
        result.append(_row("cause", f"{head}: {parts}"))
    for outage in service["outages"][-SHOWN:]:
        result.append(
            _row("outage", f"{moment(outage['begin'])} {long(outage['seconds'])}: {outage['text']}")
        )
    hidden = len(service["outages"]) - SHOWN
    if hidden > 0:
        result.append(_row("", f"and {hidden} earlier ones: --json shows all"))
    return result


def _row(name: str, value: str) -> str:
    return f"  {name:<10} {value}"


def _count(seconds: float, count: int, what: str) -> str:
    many = "" if count == 1 else "s"
    return f"{long(seconds)} in {count} {what}{many}" if count else "none"


def _unknown(service: dict[str, Any]) -> str:
    if not service["unknown_s"]:
        return "none"
    pieces = service["unknown"]
    longest = max(pieces, key=lambda piece: piece["end"] - piece["begin"])
    between = f"{moment(longest['begin'])} to {moment(longest['end'])}"
    text = f"{long(service['unknown_s'])}, the longest {between}"
    return f"{text}: no record says whether it was up"


def _percent(share: float) -> str:
    """With as many digits as tell it from 100."""
    digits = 3
    while digits < 7 and share < 100 and round(share, digits) == 100:
        digits += 1
    return f"{share:.{digits}f} %"


def _day(at: float) -> str:
    return moment(at)[:10]
