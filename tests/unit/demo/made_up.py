# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A made-up run of the demonstration, in the shapes that the real one has."""

from __future__ import annotations

from typing import Any

from lab.demo.events import Moment, Played
from lab.demo.measure import Served
from tests.played import answers

WALL = 1_700_000_000.0
"""Wall clock at monotonic zero."""


def entry(at: float, node: str, code: str, text: str = "", **data: Any) -> dict[str, Any]:
    """A history entry at monotonic second ``at``."""
    return {
        "time": WALL + at,
        "mono": at,
        "node": node,
        "level": "info",
        "code": code,
        "text": text,
        "service": "shop",
        "data": data,
    }


def resource(
    code: str, node: str, name: str, kind: str, began: float, seconds: float
) -> dict[str, Any]:
    """A resource that went up or down."""
    return entry(
        began + seconds,
        node,
        code,
        resource=name,
        type=kind,
        began=WALL + began,
        seconds=seconds,
    )


def history() -> list[dict[str, Any]]:
    """A switchover at 10 s and a power cut at 30 s."""
    old, new = "node1", "node2"
    return [
        entry(2.0, old, "start-begin"),
        entry(10.3, old, "stop-begin", "switchover asked"),
        resource("resource-down", old, "postgresql", "unit", 10.3, 0.4),
        resource("resource-down", old, "mount", "filesystem", 10.7, 0.1),
        entry(10.9, old, "grant"),
        resource("resource-up", new, "drbd", "drbd", 11.0, 0.13),
        resource("resource-up", new, "mount", "filesystem", 11.13, 0.09),
        resource("resource-up", new, "apache", "unit", 11.22, 1.9),
        resource("resource-up", new, "postgresql", "unit", 11.22, 1.0),
        resource("resource-up", new, "address-192.168.1.10", "virtual_ip", 11.13, 0.4),
        entry(31.0, old, "fence-begin", "asking for the power of node2"),
        entry(32.2, old, "fence-end", power="off", seconds=1.2),
        entry(32.25, old, "peer-gone", "node2 has no power"),
        resource("resource-up", old, "drbd", "drbd", 32.3, 0.65),
        resource("resource-up", old, "mount", "filesystem", 32.95, 0.1),
        resource("resource-up", old, "postgresql", "unit", 33.05, 2.2),
        resource("resource-up", old, "address-192.168.1.10", "virtual_ip", 32.95, 0.5),
    ]


def served() -> Served:
    """50 rows and pages a second, but for two interruptions."""
    found = Served()
    number = 0
    for beat in range(45 * 50):
        mono = beat / 50
        if not 10.5 < mono < 12.5 and not 30.0 < mono < 35.5:
            number += 1
            found.rows.append(mono)
            found.numbers[number] = mono
        if not 10.6 < mono < 12.0 and not 30.0 < mono < 34.0:
            found.pages.append(mono)
    return found


def moment(mono: float) -> Moment:
    """An instant on both clocks."""
    return Moment(WALL + mono, mono)


def played() -> list[Played]:
    """What was caused."""
    moved = answers.standby(WALL)["status"]
    return [
        Played("switchover", "shop", moment(10.0), moment(17.5), "node1", "node2", moved),
        # Nobody told how it was.
        Played("power_off", "shop", moment(30.0), moment(40.5), "node2", "node1"),
    ]


def account(**changes: Any) -> dict[str, Any]:
    """The summary of a client that lost nothing."""
    values: dict[str, Any] = {
        "verified": True,
        "acknowledged": 1875,
        "unknown": 2,
        "unknown_kept": 1,
        "refused": 0,
        "lost": [],
        "duplicated": [],
        "out_of_order": [],
        "appeared": [],
        "sessions": {"new": 1, "kept": 40},
    }
    return {**values, **changes}
