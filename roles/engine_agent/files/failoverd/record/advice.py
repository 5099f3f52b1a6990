# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would have prevented an outage, or made it shorter. Pure: only from what is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from failoverd.rules.lengths import long

from .entries import Entry, number
from .outages import Outage

LONG_STOP_S = 10.0
LONG_START_S = 10.0


def advice(outage: Outage) -> list[str]:
    """Sentences; what helps most comes first."""
    if outage.cause.planned:
        return [*_of_length(outage)] or [
            "nothing: people wanted it, and it took no longer than it had to"
        ]
    return [*_of_cause(outage), *_of_length(outage)]


def _of_cause(outage: Outage) -> Iterator[str]:
    about = outage.entries
    code = outage.cause.code
    if any(entry.code == "self-reset" for entry in about):
        yield "the node reset itself: its reason stands above; mend that"
    elif code == "node-lost" and not _codes(about) & {"fence", "peer-gone", "takeover"}:
        yield "both nodes were away: separate power, switches and kernels for the two"
    elif code == "node-lost":
        yield "look into the log of the lost node for the time before: power, kernel, load, network"
    elif code == "application-failed":
        yield f"the application failed by itself: journalctl on {outage.ran_on or 'its node'}"
    elif code == "start-failed":
        yield "the start failed: mend its reason above, then failoverctl clear"
    elif code == "network-lost":
        yield "a second network interface and switch for the service network (a bond)"
    elif code == "disk-failed":
        yield "replace the disk; a RAID below would have kept the service where it was"
    elif code == "contact-lost":
        yield "a second link on other hardware, or a fence device, so that a lease need not run out"
    elif code == "unknown":
        yield "no entry says why; the history of the other node may (--also DIRECTORY)"
    late = next((entry for entry in about if entry.code == "late"), None)
    if late is not None:
        yield f"heartbeats were late before: {late.text}"
    full = next((entry for entry in about if entry.code in ("filling", "disk-sick")), None)
    if full is not None:
        yield f"it was announced: {full.text}"


def _of_length(outage: Outage) -> Iterator[str]:
    phases, about = outage.phases, outage.entries
    for entry, cost_s in _failed_devices(about):
        level = entry.data.get("level", "the device")
        why = entry.data.get("detail") or "no answer"
        yield f"{level} did not exclude the node and cost {long(cost_s)}: {why}"
    confirmed = next((entry for entry in about if entry.code == "confirmed"), None)
    if confirmed is not None:
        waited = long(max(0.0, confirmed.time - outage.begin))
        yield f"a fence device that answers: a person had to confirm, after {waited}"
    elif phases.get("blocked", 0.0) > 0:
        yield f"it stayed down for {long(phases['blocked'])} because: {_blocked(about)}"
    if phases.get("stop", 0.0) >= LONG_STOP_S:
        yield f"a quicker stop: it took {long(phases['stop'])}{_slowest(about, 'resource-down')}"
    if phases.get("start", 0.0) >= LONG_START_S:
        yield f"a quicker start: it took {long(phases['start'])}{_slowest(about, 'resource-up')}"


def _failed_devices(about: tuple[Entry, ...]) -> Iterator[tuple[Entry, float]]:
    """Orders to switch off without a result that were waited for, and how long."""
    ends = [e for e in about if e.code == "fence-end" and e.data.get("ask") == "off"]
    for entry in ends:
        seconds = number(entry.data.get("seconds"))
        if entry.data.get("power") == "unknown" and seconds is not None:
            yield entry, seconds


def _blocked(about: tuple[Entry, ...]) -> str:
    told = [entry.text for entry in about if entry.code == "blocked"]
    return told[-1] if told else "no entry says why"


def _slowest(about: tuple[Entry, ...], code: str) -> str:
    """The part that took longest, as the end of a sentence."""
    parts = [
        (seconds, str(entry.data.get("resource", "?")))
        for entry in about
        if entry.code == code and (seconds := number(entry.data.get("seconds"))) is not None
    ]
    if not parts:
        return ""
    seconds, name = max(parts)
    return f"; {name} alone took {long(seconds)}"


def _codes(about: tuple[Entry, ...]) -> set[str]:
    return {entry.code for entry in about}
