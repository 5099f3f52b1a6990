# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defaults and limits of the monitors, and the rules between the numbers of the pings."""

from __future__ import annotations

from failoverd.core.lease import PING_GAP_S

LIMITS: dict[str, dict[str, tuple[float, float, float]]] = {
    "ping": {
        "needed": (1, 1, 10_000),
        "interval_s": (1.0, 0.1, 60.0),
        "deadline_s": (0.8, 0.05, 60.0),
        "confirmations": (3, 1, 100),
    },
    "space": {"interval_s": (10.0, 1.0, 3600.0)},
    "disk": {
        "interval_s": (10.0, 1.0, 3600.0),
        "deadline_s": (10.0, 1.0, 600.0),
        "confirmations": (2, 1, 100),
    },
}
"""Section: {name: (default, least, most)}. A whole default means a whole number."""
CHECK = {"interval_s": (0.1, 3600), "deadline_s": (0.1, 600)}
CONFIRMATIONS = (1, 100)
"""Limits of the durations of every check of an application."""
WEIGHT = (1, 100)


def ping_problem(
    needed: float, interval_s: float, deadline_s: float, weight: int
) -> tuple[str, str]:
    """The field and the rule that it breaks, empty if none. weight: of all targets, 0 for none."""
    if deadline_s > interval_s:
        return "deadline_s", (
            f"{deadline_s:g} is longer than interval_s ({interval_s:g} s); the next round would"
            " begin before"
        )
    if weight and needed > weight:
        return "needed", (
            f"{needed:g} is more than all ping targets weigh together ({weight}); the service LAN"
            " would always count as lost"
        )
    return "", ""


def steady_problem(interval_s: float, deadline_s: float) -> tuple[str, str]:
    """The field and the rule if a watchdog lease would take the pause between rounds for a loss."""
    if interval_s + deadline_s < PING_GAP_S:
        return "", ""
    return "interval_s", (
        f"{interval_s:g} plus deadline_s ({deadline_s:g}) is not less than {PING_GAP_S:g}; a"
        " watchdog's lease lives on frequent answers"
    )
