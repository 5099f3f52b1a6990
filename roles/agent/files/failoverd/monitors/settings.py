# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the monitors are told: targets, intervals in seconds, confirmations."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from failoverd.schema import Section


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
    """Rounds in a row without enough answers; one lost ping is nothing (F52)."""


@dataclass(frozen=True)
class SpaceSettings:
    """How often the mounted file systems are looked at (F45)."""

    interval_s: float = 10.0


@dataclass(frozen=True)
class DiskSettings:
    """How the backing devices are tried (F44)."""

    interval_s: float = 10.0
    """Pause between two reads of 4 KiB."""
    deadline_s: float = 10.0
    """How long one read may take."""
    confirmations: int = 2


@dataclass(frozen=True)
class MonitorSettings:
    """All of them."""

    ping: PingSettings = field(default_factory=PingSettings)
    space: SpaceSettings = field(default_factory=SpaceSettings)
    disk: DiskSettings = field(default_factory=DiskSettings)


def parse_monitors(top: Section) -> MonitorSettings:
    """Read ping_targets and monitors of the whole document; raises ConfigError."""
    entry = top.section("monitors")
    result = MonitorSettings(
        ping=_ping(entry.section("ping"), _targets(top)),
        space=_space(entry.section("space")),
        disk=_disk(entry.section("disk")),
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
        result.append(Target(address, entry.integer("weight", 1, 1, 100)))
        entry.done()
    return tuple(result)


def _ping(entry: Section, targets: tuple[Target, ...]) -> PingSettings:
    default = PingSettings()
    result = PingSettings(
        targets=targets,
        needed=entry.integer("needed", default.needed, 1, 10_000),
        interval_s=entry.number("interval_s", default.interval_s, 0.1, 60),
        deadline_s=entry.number("deadline_s", default.deadline_s, 0.05, 60),
        confirmations=entry.integer("confirmations", default.confirmations, 1, 100),
    )
    entry.done()
    most = sum(target.weight for target in targets)
    if targets and result.needed > most:
        raise entry.fail("needed", f"must be at most {most}, what all targets together weigh")
    if result.deadline_s > result.interval_s:
        raise entry.fail("deadline_s", "must not be longer than interval_s")
    return result


def _space(entry: Section) -> SpaceSettings:
    interval_s = entry.number("interval_s", SpaceSettings.interval_s, 1, 3600)
    entry.done()
    return SpaceSettings(interval_s)


def _disk(entry: Section) -> DiskSettings:
    default = DiskSettings()
    result = DiskSettings(
        interval_s=entry.number("interval_s", default.interval_s, 1, 3600),
        deadline_s=entry.number("deadline_s", default.deadline_s, 1, 600),
        confirmations=entry.integer("confirmations", default.confirmations, 1, 100),
    )
    entry.done()
    return result
