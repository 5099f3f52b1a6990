# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has happened in a cluster of Pacemaker of late, from what crm_mon says. No I/O.

Pacemaker remembers the last operation of each kind of a resource, failures until somebody clears
them, and the last orders to fence devices. Every node of the cluster tells the same.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from .._cib import PREFIX

MOST = 50
TIMES = (
    "%a %b %d %H:%M:%S %Y",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S.%f%z",
)
"""How crm_mon writes a time: Pacemaker 2.1.5 partly as the node's own, later ones with its zone."""
DONE = {
    "start": "started",
    "stop": "stopped",
    "promote": "promoted",
    "demote": "demoted",
}
FENCED = {"success": "was", "failed": "could not be", "pending": "is being"}
ORDERS = {"reboot": "reset", "off": "switched off", "on": "switched on"}


def events(answer: ET.Element) -> list[dict[str, Any]]:
    """The last ones, the newest last, in the form of the agent's history."""
    found = [*_operations(answer), *_failures(answer), *_fencing(answer)]
    return sorted(found, key=lambda one: (one["time"], one["text"]))[-MOST:]


def failures(answer: ET.Element) -> Iterator[tuple[str, str, str, ET.Element]]:
    """Resource, node, what failed there and why, and the element, of each that is remembered."""
    for failure in answer.iterfind("failures/failure"):
        # The key is RESOURCE_OPERATION_INTERVAL.
        name, _mark, rest = failure.get("op_key", "").rpartition("_")[0].rpartition("_")
        reason = failure.get("exitreason") or failure.get("exitstatus") or "no reason given"
        yield name, failure.get("node", ""), f"{rest}: {reason}", failure


def fail_counts(answer: ET.Element) -> dict[str, dict[str, int]]:
    """Resource -> node -> how often it failed there and counts; Pacemaker's infinity is 1000000."""
    counts: dict[str, dict[str, int]] = {}
    for node in answer.iterfind("node_history/node"):
        for resource in node.iterfind("resource_history"):
            count = resource.get("fail-count", "0")
            if count.isdigit() and int(count):
                name = resource.get("id", "").partition(":")[0]
                counts.setdefault(name, {})[node.get("name", "")] = int(count)
    return counts


def moment(text: str) -> float | None:
    """The unix time of what crm_mon wrote."""
    for form in TIMES:
        try:
            parsed = time.strptime(text, form)
        except ValueError:
            continue
        if parsed.tm_gmtoff is None:
            return time.mktime(parsed)
        return float(calendar.timegm(parsed) - parsed.tm_gmtoff)
    return None


def _event(at: str, node: str, code: str, text: str, *, alert: bool) -> Iterator[dict[str, Any]]:
    known = moment(at)
    if known is not None:
        level = "alert" if alert else "info"
        yield {"time": known, "node": node, "level": level, "code": code, "text": text}


def _operations(answer: ET.Element) -> Iterator[dict[str, Any]]:
    for node in answer.iterfind("node_history/node"):
        for resource in node.iterfind("resource_history"):
            for done in resource:
                word, rc = DONE.get(done.get("task", "")), done.get("rc")
                if word and rc in ("0", "8"):
                    what = resource.get("id", "").removeprefix(PREFIX)
                    text = f"{what} {word} on {node.get('name')}"
                    at = done.get("last-rc-change", "")
                    yield from _event(at, node.get("name", ""), word, text, alert=False)


def _failures(answer: ET.Element) -> Iterator[dict[str, Any]]:
    for name, node, what, failure in failures(answer):
        text = f"{name.removeprefix(PREFIX)} failed on {node}: {what}"
        yield from _event(failure.get("last-rc-change", ""), node, "failed", text, alert=True)


def _fencing(answer: ET.Element) -> Iterator[dict[str, Any]]:
    for order in answer.iterfind("fence_history/fence_event"):
        action, state = order.get("action", ""), order.get("status", "")
        target = order.get("target", "")
        text = f"{target} {FENCED.get(state, state)} {ORDERS.get(action, action)}"
        text += f" by {order.get('delegate')}" if order.get("delegate") else ""
        at = order.get("completed", "")
        yield from _event(at, target, f"fence-{state}", text, alert=True)
