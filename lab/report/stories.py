# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each outage as the status page tells it, from the histories of both nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from failover_page.record import outages
from failover_page.words import Speech
from failoverd.record.entries import Entry, Record, entry_of
from failoverd.record.published import published

TARGET = 99.99


def stories(history: Iterable[Mapping[str, Any]]) -> str:
    """The section of the page; a history without entries has no outages."""
    entries = [entry for entry in map(entry_of, map(dict, history)) if entry is not None]
    if not entries:
        return outages({}, Speech("en"))
    by_node: dict[str, list[Entry]] = {}
    for entry in entries:
        by_node.setdefault(entry.node, []).append(entry)
    end = max(entry.time for entry in entries)
    records = [Record(node, tuple(own), end) for node, own in by_node.items()]
    services = sorted({entry.service for entry in entries if entry.service})
    begin = min(entry.time for entry in entries)
    return outages(published(records, services, begin, end, TARGET), Speech("en"))
