# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations: known names, limits, and the relations that must hold between them."""

from __future__ import annotations

from typing import Any

from ._values import Problem, mapping, number

# Name: (default, least, most), all in seconds. The daemon has the same defaults.
LIMITS: dict[str, tuple[float, float, float]] = {
    "heartbeat_s": (0.2, 0.02, 10),
    "suspect_s": (0.8, 0.05, 60),
    "dead_s": (3.0, 0.2, 300),
    "fence_delay_s": (6.0, 0, 120),
    "fence_retry_s": (5.0, 0.5, 600),
    "query_s": (3.0, 0.5, 600),
    "startup_s": (20.0, 1, 3600),
    "handler_s": (60.0, 5, 3600),
    "move_s": (90.0, 5, 3600),
    "failure_expiry_s": (3600.0, 1, 86400 * 30),
    "power_on_s": (15.0, 0, 3600),
    "witness_s": (5.0, 0, 3600),
    "link_steady_s": (30.0, 0, 86400),
}


def read(value: Any) -> dict[str, float]:
    """Return the durations that were given; a relation is checked with the defaults filled in."""
    where = "failover_timing"
    item = mapping(where, value, optional=tuple(LIMITS))
    given = {key: number(f"{where}.{key}", raw, *LIMITS[key][1:]) for key, raw in item.items()}
    all_of = {key: given.get(key, limits[0]) for key, limits in LIMITS.items()}
    beat, dead = all_of["heartbeat_s"], all_of["dead_s"]
    if dead < 4 * beat:
        raise Problem(
            f"{where}.dead_s: {dead:g} is less than four heartbeats of {beat:g} s;"
            " a lost datagram or two must not look like a death."
        )
    if not 2 * beat <= all_of["suspect_s"] < dead:
        raise Problem(
            f"{where}.suspect_s: {all_of['suspect_s']:g} is not between two heartbeats"
            f" ({2 * beat:g} s) and dead_s ({dead:g} s)."
        )
    # F16: both nodes see the silence within two heartbeats; a shorter head start is none.
    if all_of["fence_delay_s"] <= 2 * beat:
        raise Problem(
            f"{where}.fence_delay_s: {all_of['fence_delay_s']:g} is not larger than the jitter of"
            f" the detection ({2 * beat:g} s, two heartbeats); both nodes could shoot at once."
        )
    if all_of["handler_s"] <= dead:
        raise Problem(
            f"{where}.handler_s: {all_of['handler_s']:g} is not larger than dead_s ({dead:g} s);"
            " DRBD would give up before the peer can be excluded."
        )
    return given
