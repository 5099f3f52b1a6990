# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of fencing: how a silent peer is excluded.

rules/timing.py and rules/fencing.py have the rules, which also judge the inventory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from failoverd.core.config import Lease
from failoverd.core.lock import Times
from failoverd.formats.schema import Section
from failoverd.rules import fencing, timing
from failoverd.rules.fencing import METHODS


@dataclass(frozen=True)
class FencingSettings:
    """One exclusion method; targets holds a fence agent's parameters by node."""

    name: str
    method: str
    agent: str = ""
    timeout_s: float = 30.0
    targets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    lease: Lease | None = None
    """Given for the method watchdog."""


@dataclass(frozen=True)
class WatchdogSettings:
    """The device that resets this node, its timeout in seconds, the driver to load if any."""

    device: str
    timeout_s: int
    module: str


def parse_times(entry: Section) -> Times:
    """Read the durations of a lock on a shared disk, from the section of the lock."""
    renew_s = entry.number("renew_s", Times().renew_s, *timing.LOCK["renew_s"])
    return Times(
        renew_s=renew_s,
        lease_s=entry.number("lease_s", Times().lease_s, *timing.LOCK["lease_s"]),
        collision_s=entry.number("collision_s", 1.5 * renew_s, *timing.LOCK["collision_s"]),
        timeout_s=entry.number("timeout_s", Times().timeout_s, *timing.LOCK_TIMEOUT_S),
    )


def parse_watchdog(entry: Section | None) -> WatchdogSettings | None:
    """Read the watchdog; None if there is none."""
    if entry is None:
        return None
    result = WatchdogSettings(
        device=entry.text("device", "/dev/watchdog"),
        timeout_s=entry.integer("timeout_s", 10, *timing.WATCHDOG_S),
        module=entry.name("module", ""),
    )
    entry.done()
    return result


def parse_method(
    entry: Section,
    nodes: tuple[str, ...],
    secrets: Mapping[str, Mapping[str, str]],
    watchdog: WatchdogSettings | None,
) -> FencingSettings:
    """Read one exclusion method."""
    name, method = entry.name("name"), entry.text("method")
    if method not in METHODS:
        raise entry.fail("method", f"must be one of {', '.join(METHODS)}, not {method}")
    if method == "stonith":
        result = _stonith(entry, name, nodes, secrets)
    elif method == "sfex":
        result = FencingSettings(name, method)
    else:
        if watchdog is None:
            raise entry.fail("method", "watchdog requires the section watchdog, which is missing")
        default = Lease()
        lease = Lease(
            lease_s=entry.number("lease_s", default.lease_s, *timing.LEASE["lease_s"]),
            watchdog_s=float(watchdog.timeout_s),
            margin_s=entry.number("margin_s", default.margin_s, *timing.LEASE["margin_s"]),
            window_s=entry.number("window_s", default.window_s, *timing.LEASE["window_s"]),
        )
        result = FencingSettings(name, method, lease=lease)
    entry.done()
    return result


def _stonith(
    entry: Section,
    name: str,
    nodes: tuple[str, ...],
    secrets: Mapping[str, Mapping[str, str]],
) -> FencingSettings:
    common = {**entry.scalars("parameters"), **secrets.get(name, {})}
    per_node = entry.section("nodes")
    targets = {node: {**common, **per_node.scalars(node)} for node in nodes if per_node.has(node)}
    for node in nodes:
        if node not in targets:
            raise entry.fail("nodes", f"has no parameters for node {node}")
    per_node.done()
    return FencingSettings(
        name=name,
        method="stonith",
        agent=entry.text("agent"),
        timeout_s=entry.number("timeout_s", 30.0, *timing.FENCE_S),
        targets=targets,
    )


def device_problem(
    methods: Sequence[FencingSettings], links: Sequence[tuple[str, str]]
) -> tuple[str, str]:
    """The device that a loss of the replication link would cut off, and the rule; else empty.

    links: name and network of each link that carries the replication, "" for one that does not.
    A device with a host name is not judged: its address is unknown here.
    """
    for method in methods:
        for node, parameters in method.targets.items():
            for key in fencing.DEVICE_KEYS:
                for link, network in links:
                    rule = fencing.device_problem(parameters.get(key, ""), link, network)
                    if rule:
                        return f"{method.name}: nodes: {node}: {key}", rule
    return "", ""


def unlocked(services: Sequence[tuple[str, bool]]) -> str:
    """The first service without a lock, of (name, has a lock): sfex cannot exclude for it."""
    return next((name for name, locked in services if not locked), "")
