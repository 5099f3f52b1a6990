# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline of one event of the demonstration."""

from __future__ import annotations

from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils._timeline import Bar, Lane, svg

_LANES = (("postgresql", "PostgreSQL inserts"), ("http", "Web pages"))


def timeline_svg(event: dict[str, Any], timeline: dict[str, Any], number: int) -> str:
    """The picture: when the client was served, and which step ran when on which node.

    :param event: the event's entry of report.json.
    :param timeline: times in seconds after the event (see lab.demo.events.timeline).
    :param number: makes the picture's ids unique on the page.
    """
    unserved = timeline["unserved"]
    return svg(
        f"Timeline of {event['name'].replace('_', ' ')}",
        (float(timeline["begin"]), float(timeline["end"])),
        [Lane(label, unserved.get(key, [])) for key, label in _LANES],
        [_bar(step, event) for step in timeline["steps"]],
        number,
        "power cut" if event["name"] == "power_off" else "command sent",
    )


def _bar(step: dict[str, Any], event: dict[str, Any]) -> Bar:
    name = f"{step['step']} {step['detail']}" if step["step"] == "start" else step["step"]
    seconds = step["end"] - step["begin"]
    return Bar(
        name,
        f"{step['step']} on {step['node']}: {seconds:.2f} s. {step['detail']}",
        step["begin"],
        step["end"],
        "after" if step["node"] == event["active_after"] else "before",
    )
