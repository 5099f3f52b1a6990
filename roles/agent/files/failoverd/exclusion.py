# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the configuration that says how a silent peer is excluded, and its arithmetic.

Every relation is refused with its numbers in the sentence. The inventory is judged by the same
rules before any node is contacted (plugin_utils/_guard.py); a test holds the two together.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .core.config import Lease, Timing
from .core.lock import Times
from .schema import Section

METHODS = ("stonith", "sfex", "watchdog")
SECRET = re.compile(
    r"pass|secret|token|credential|private|api_?key|access_key|hexadecimal_kg|community",
    re.IGNORECASE,
)
"""Names of fence agents' parameters whose values are shown to nobody. The inventory is split by the
same rule (plugin_utils/_fencing.py); a test holds the two together."""
DEVICE_KEYS = ("ip", "ipaddr", "ip_address")
"""Under which of its parameters an agent may be told where its device is."""
MARGIN_S = 2.0
"""Between the last moment at which a node may write and the first at which another may."""


def is_secret(name: str) -> bool:
    """Whether a fence agent's parameter of this name is a secret, without asking the agent."""
    return SECRET.search(name) is not None


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
    """Read the durations of a lock on a shared disk; the fields stand beside the lock's own."""
    renew_s = entry.number("renew_s", Times().renew_s, 0.1, 60)
    return Times(
        renew_s=renew_s,
        lease_s=entry.number("lease_s", Times().lease_s, 0.3, 600),
        collision_s=entry.number("collision_s", 1.5 * renew_s, 0.1, 600),
        timeout_s=entry.number("timeout_s", Times().timeout_s, 1, 3600),
    )


def parse_watchdog(entry: Section | None) -> WatchdogSettings | None:
    """Read the watchdog; None if there is none."""
    if entry is None:
        return None
    result = WatchdogSettings(
        device=entry.text("device", "/dev/watchdog"),
        timeout_s=entry.integer("timeout_s", 10, 2, 600),
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
            raise entry.fail("method", "watchdog needs the watchdog that the file does not have")
        default = Lease()
        lease = Lease(
            lease_s=entry.number("lease_s", default.lease_s, 1, 600),
            watchdog_s=float(watchdog.timeout_s),
            margin_s=entry.number("margin_s", default.margin_s, 0.1, 600),
            window_s=entry.number("window_s", default.window_s, 1, 600),
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
        timeout_s=entry.number("timeout_s", 30.0, 1, 600),
        targets=targets,
    )


def timing_problem(timing: Timing) -> tuple[str, str]:
    """The field and the rule that it breaks, empty if none."""
    beat, dead = timing.heartbeat_s, timing.dead_s
    if dead < 4 * beat:
        return "dead_s", f"must be at least four times heartbeat_s ({4 * beat:g}), not {dead:g}"
    if not beat < timing.suspect_s <= dead:
        return "suspect_s", "must lie between heartbeat_s and dead_s"
    # F16: both nodes see the silence within two heartbeats; a shorter head start is none.
    if timing.fence_delay_s <= 2 * beat:
        return "fence_delay_s", (
            f"must be larger than the jitter of the detection ({2 * beat:g}, two heartbeats),"
            f" not {timing.fence_delay_s:g}: both nodes could shoot at once"
        )
    if timing.handler_s <= dead:
        return "handler_s", (
            f"must be larger than dead_s ({dead:g}), not {timing.handler_s:g}: DRBD would give up"
            " before the peer can be excluded"
        )
    return "", ""


def lease_problem(lease: Lease, timing: Timing, replicated: bool) -> tuple[str, str]:
    """The field and the rule that it breaks, empty if none.

    That the watchdog fires in time needs no relation between lease_s and its timeout: the standby
    waits for their sum. What is needed is that an ordinary trouble does not end a lease, that the
    watchdog does not fire in a pause that a peer tolerates, and that the margin covers what the
    two nodes see at different times.
    """
    dead = timing.dead_s
    if lease.lease_s / 2 <= dead:
        return "lease_s", (
            f"{lease.lease_s:g} is too short: its first half ({lease.lease_s / 2:g}) must be longer"
            f" than dead_s ({dead:g}), or a service stops before its peer even counts as silent"
        )
    if lease.watchdog_s <= dead:
        return "timeout_s", (
            f"of the watchdog, {lease.watchdog_s:g}, must be longer than dead_s ({dead:g}): a pause"
            " that the peer tolerates must not reset the node"
        )
    # The clocks' rates may differ by 0.2 %; the rest is a heartbeat on its way at each end.
    least = 2 * timing.heartbeat_s + 0.002 * (lease.lease_s + lease.watchdog_s)
    if lease.margin_s <= least:
        return "margin_s", (
            f"{lease.margin_s:g} must be larger than two heartbeats and the drift of the clocks"
            f" ({least:g}): lease_s + watchdog + margin_s = {lease.takeover_s:g} is when the"
            " standby takes over"
        )
    wait = lease.takeover_s + lease.window_s + lease.margin_s
    if replicated and timing.handler_s <= wait:
        return "handler_s", (
            f"{timing.handler_s:g} must be longer than lease_s + watchdog + window_s + 2 margin_s"
            f" ({wait:g}): DRBD would give up before the lease proves anything"
        )
    return "", ""


def lock_problem(locks: Times, watchdog: WatchdogSettings | None, decides: bool) -> tuple[str, str]:
    """The field and the rule that it breaks, empty if none. decides: sfex excludes a peer."""
    if locks.lease_s < 3 * locks.renew_s:
        return "lease_s", (
            f"{locks.lease_s:g} must be at least three times renew_s ({3 * locks.renew_s:g}): one"
            " slow write must not reset a node"
        )
    if locks.collision_s <= locks.renew_s:
        return "collision_s", (
            f"{locks.collision_s:g} must be longer than renew_s ({locks.renew_s:g}): a node whose"
            " lock was overwritten has to notice before the other starts"
        )
    reset = float(watchdog.timeout_s) if watchdog is not None and decides else 0.0
    least = locks.lease_s + reset + MARGIN_S
    if locks.timeout_s < least:
        with_reset = f" + watchdog {reset:g}" if reset else ""
        return "timeout_s", (
            f"{locks.timeout_s:g} must be at least lease_s {locks.lease_s:g}{with_reset} + margin"
            f" {MARGIN_S:g} = {least:g}: a lock must not be taken while its owner may still write"
        )
    return "", ""


def device_problem(
    methods: Sequence[FencingSettings], links: Sequence[tuple[str, str]]
) -> tuple[str, str]:
    """A device that would be lost together with the replication, and the rule; empty if none.

    links: name and network of each link that carries the replication, "" for one that does not.
    A device that has a host name is not judged: only the network can tell.
    """
    for method in methods:
        for node, parameters in method.targets.items():
            for key in DEVICE_KEYS:
                for link, network in links:
                    if network and _inside(parameters.get(key, ""), network):
                        return f"{method.name}: nodes: {node}: {key}", (
                            f"{parameters[key]} lies in the replication LAN of link {link}"
                            f" ({network}): a fence device must be reachable when that link is lost"
                        )
    return "", ""


def _inside(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def unlocked(services: Sequence[tuple[str, bool]]) -> str:
    """A service without a lock, of (name, has a lock): sfex says nothing about it."""
    return next((name for name, locked in services if not locked), "")
