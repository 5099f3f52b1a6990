# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the demonstration: the rules of its exit status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.client.gaps import Gap
from lab.observer import Interval


def failures(
    report: dict[str, Any],
    both_active: Sequence[Interval],
    returned: Sequence[bool],
    account: dict[str, Any],
) -> list[str]:
    """All problems, a sentence each; an empty list means success.

    :param report: the content of report.json.
    :param both_active: when two nodes were active at once (S1).
    :param returned: for each event, whether steady service was seen again.
    :param account: the client's summary.
    """
    found = []
    changed = report["provision"]["second_run_changed"]
    if changed != 0:
        found.append(f"the second run of site.yml changed {changed} things; it must change nothing")
    if len(returned) != len(report["events"]):
        found.append("not every event has a result")
    for event, back in zip(report["events"], returned, strict=False):
        found += _of_event(event, back)
    if both_active:
        longest = max(interval.end - interval.begin for interval in both_active)
        found.append(
            f"two nodes were active at once {len(both_active)} times, at most for {longest:.1f} s"
        )
    for name, text in (
        ("duplicated", "rows are in the table more than once"),
        ("out_of_order", "rows are in the table in a wrong order"),
        ("appeared", "rows are in the table that were never acknowledged nor left open"),
    ):
        if account.get(name):
            found.append(f"{len(account[name])} {text}")
    if not account.get("verified"):
        found.append("the table could not be read at the end, so nothing is proved about losses")
    elif account.get("lost"):
        found.append(f"{len(account['lost'])} acknowledged rows are missing in the table")
    return found


def _of_event(event: dict[str, Any], back: bool) -> list[str]:
    name, found = event["name"], []
    if not back:
        found.append(f"{name}: the service did not return")
    if event["lost"]:
        found.append(f"{name}: {event['lost']} acknowledged rows were lost")
    if event["lost"] is None:
        found.append(f"{name}: it is not known whether rows were lost")
    if not event["active_before"] or not event["active_after"]:
        found.append(f"{name}: no single active node was seen before and after")
    elif event["active_before"] == event["active_after"]:
        found.append(f"{name}: the service stayed on {event['active_after']}")
    return found


def came_back(gaps: Sequence[Gap]) -> bool:
    """True when everything that was interrupted was served again."""
    return all(gap.returned for gap in gaps)
