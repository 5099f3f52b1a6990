# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the monitors: targets, intervals in seconds, confirmations."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from failoverd.formats.schema import Section
from failoverd.rules.monitors import LIMITS, WEIGHT, ping_problem


@dataclass(frozen=True)
class Target:
    """An address of the service network that answers pings while that network works."""

    address: str
    weight: int = 1


@dataclass(frozen=True)
class PingSettings:
    """When the service network counts as lost (F22)."""

    targets: tuple[Target, ...] = ()
    needed: int = 1
    """Sum of the weights of the targets that have to answer."""
    interval_s: float = 1.0
    deadline_s: float = 0.8
    confirmations: int = 3
    """Rounds in a row without enough answers; a single lost ping has no effect (F52)."""


@dataclass(frozen=True)
class SpaceSettings:
    """The checks of the mounted file systems (F45)."""

    interval_s: float = 10.0


@dataclass(frozen=True)
class DiskSettings:
    """The reads of the backing devices (F44)."""

    interval_s: float = 10.0
    """Pause between two reads of 4 KiB."""
    deadline_s: float = 10.0
    """Longest time of one read."""
    confirmations: int = 2


@dataclass(frozen=True)
class MonitorSettings:
    """All settings."""

    ping: PingSettings = field(default_factory=PingSettings)
    space: SpaceSettings = field(default_factory=SpaceSettings)
    disk: DiskSettings = field(default_factory=DiskSettings)


def parse_monitors(top: Section) -> MonitorSettings:
    """Read ping_targets and monitors of the whole document; raises ConfigError."""
    entry = top.section("monitors")
    result = MonitorSettings(
        ping=_ping(entry.section("ping"), _targets(top)),
        space=SpaceSettings(**_given(entry.section("space"), "space")),
        disk=DiskSettings(**_given(entry.section("disk"), "disk")),
    )
    entry.done()
    return result


def _targets(top: Section) -> tuple[Target, ...]:
    result: list[Target] = []
    for entry in top.sections("ping_targets"):
        address = entry.text("address")
        try:
            address = str(ipaddress.ip_address(address))
        except ValueError:
            raise entry.fail("address", f"{address} is not an IP address") from None
        if address in {target.address for target in result}:
            raise entry.fail("address", f"{address} is used twice")
        result.append(Target(address, entry.integer("weight", 1, *WEIGHT)))
        entry.done()
    return tuple(result)


def _ping(entry: Section, targets: tuple[Target, ...]) -> PingSettings:
    result = PingSettings(targets=targets, **_given(entry, "ping"))
    weight = sum(target.weight for target in targets)
    name, rule = ping_problem(result.needed, result.interval_s, result.deadline_s, weight)
    if rule:
        raise entry.fail(name, rule)
    return result


def _given(entry: Section, section: str) -> dict[str, Any]:
    """The fields of a section by its limits."""
    result: dict[str, Any] = {}
    for name, (default, least, most) in LIMITS[section].items():
        if isinstance(default, int):
            result[name] = entry.integer(name, default, int(least), int(most))
        else:
            result[name] = entry.number(name, default, least, most)
    entry.done()
    return result
