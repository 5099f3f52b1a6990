# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of one service."""

from __future__ import annotations

from dataclasses import dataclass

from failoverd.core.config import ServiceConfig, Timing
from failoverd.formats.schema import Section

from .settings import ResourceSettings, parse_resources


@dataclass(frozen=True)
class ServiceSettings:
    """One service and its resources."""

    name: str
    preferred: str
    restarts: int
    resources: tuple[ResourceSettings, ...]
    failure_expiry_s: float | None = None
    failback: bool = False
    failback_delay_s: float = ServiceConfig("").failback_delay_s
    retired: bool = False
    """Of an earlier configuration: it is stopped, and then forgotten (F79)."""
    before: tuple[ResourceSettings, ...] = ()
    """Resources that an earlier configuration may have started here."""


def parse_service(
    entry: Section, node: str, nodes: tuple[str, ...], timing: Timing
) -> ServiceSettings:
    """Read one service with its resources; raises ConfigError."""
    default = ServiceConfig("")
    preferred = entry.name("preferred", "") if entry.has("preferred") else ""
    if preferred and preferred not in nodes:
        raise entry.fail("preferred", f"{preferred} is not a node of the cluster")
    result = ServiceSettings(
        name=entry.name("name"),
        preferred=preferred,
        restarts=entry.integer("restarts", default.restarts, 0, 1000),
        failure_expiry_s=entry.number("failure_expiry_s", timing.failure_expiry_s, 1, 86400 * 30),
        failback=entry.choice("failback", ("manual", "automatic")) == "automatic",
        failback_delay_s=entry.number("failback_delay_s", default.failback_delay_s, 0, 86400),
        resources=parse_resources(entry, node, nodes),
        retired=entry.flag("retired", False),
        before=parse_resources(entry.section("before"), node, nodes) if entry.has("before") else (),
    )
    entry.done()
    return result
