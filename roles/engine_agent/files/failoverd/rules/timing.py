# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of the durations in seconds, and the relations that make them safe.

A function returns the field and the rule that it breaks, empty if all relations hold.
"""

from __future__ import annotations

from failoverd.core.config import Lease, Timing
from failoverd.core.lock import Times

LIMITS: dict[str, tuple[float, float]] = {
    "heartbeat_s": (0.02, 10),
    "suspect_s": (0.05, 60),
    "dead_s": (0.2, 300),
    "fence_delay_s": (0, 120),
    "fence_retry_s": (0.5, 600),
    "query_s": (0.5, 600),
    "startup_s": (1, 3600),
    "handler_s": (5, 3600),
    "move_s": (5, 3600),
    "failure_expiry_s": (1, 86400 * 30),
    "power_on_s": (0, 3600),
    "witness_s": (0, 3600),
    "link_steady_s": (0, 86400),
}
"""Name of a duration of Timing: least and most."""
LEASE = {"lease_s": (1, 600), "margin_s": (0.1, 600), "window_s": (1, 600)}
LOCK = {"renew_s": (0.1, 60), "lease_s": (0.3, 600), "collision_s": (0.1, 600)}
LOCK_TIMEOUT_S = (1, 3600)
WATCHDOG_S = (2, 600)
FENCE_S = (1, 600)
MARGIN_S = 2.0
"""Between the last moment at which one node may write and the first of the other."""


def timing_problem(timing: Timing) -> tuple[str, str]:
    """Check the durations of a cluster against each other."""
    beat, dead = timing.heartbeat_s, timing.dead_s
    if dead < 4 * beat:
        return "dead_s", (
            f"{dead:g} is less than four heartbeats of {beat:g} s; a lost datagram or two must not"
            " look like a death"
        )
    if not 2 * beat <= timing.suspect_s < dead:
        return "suspect_s", (
            f"{timing.suspect_s:g} is not between two heartbeats ({2 * beat:g} s) and dead_s"
            f" ({dead:g} s)"
        )
    # F16: both nodes see the silence within two heartbeats; a shorter head start is none.
    if timing.fence_delay_s <= 2 * beat:
        return "fence_delay_s", (
            f"{timing.fence_delay_s:g} is not larger than the jitter of the detection"
            f" ({2 * beat:g} s, two heartbeats); both nodes could shoot at once"
        )
    if timing.handler_s <= dead:
        return "handler_s", (
            f"{timing.handler_s:g} is not larger than dead_s ({dead:g} s); DRBD would give up"
            " before the peer can be excluded"
        )
    return "", ""


def lease_problem(lease: Lease, timing: Timing, replicated: bool) -> tuple[str, str]:
    """Check a watchdog lease.

    lease_s and the timeout of the watchdog need no relation: the standby waits for their sum. But a
    usual disturbance must not end a lease, the watchdog must not fire in a pause that the peer
    tolerates, and the margin must cover the different views of the two nodes. The field
    watchdog is the timeout of the watchdog.
    """
    dead = timing.dead_s
    if lease.lease_s / 2 <= dead:
        return "lease_s", (
            f"{lease.lease_s:g} is too short; its first half ({lease.lease_s / 2:g}) must be longer"
            f" than dead_s ({dead:g}), or a service stops before its peer even counts as silent"
        )
    if lease.watchdog_s <= dead:
        return "watchdog", (
            f"{lease.watchdog_s:g} is not longer than dead_s ({dead:g}); a pause that the peer"
            " tolerates must not reset the node"
        )
    # The rates of the clocks may differ by 0.2 %; the rest is a heartbeat at each end.
    least = 2 * timing.heartbeat_s + 0.002 * (lease.lease_s + lease.watchdog_s)
    if lease.margin_s <= least:
        return "margin_s", (
            f"{lease.margin_s:g} is not larger than two heartbeats and the drift of the clocks"
            f" ({least:g}); lease_s + watchdog + margin_s = {lease.takeover_s:g} is when the"
            " standby takes over"
        )
    wait = lease.takeover_s + lease.window_s + lease.margin_s
    if replicated and timing.handler_s <= wait:
        return "handler_s", (
            f"{timing.handler_s:g} is not longer than lease_s + watchdog + window_s + 2 margin_s"
            f" ({wait:g}); DRBD would give up before the lease proves anything"
        )
    return "", ""


def lock_least_s(lease_s: float, reset_s: float) -> float:
    """The shortest time after which a lock may be taken. reset_s: 0 without a watchdog."""
    return lease_s + reset_s + MARGIN_S


def lock_problem(locks: Times, reset_s: float) -> tuple[str, str]:
    """Check the locks of shared disks. reset_s: as for lock_least_s."""
    if locks.lease_s < 3 * locks.renew_s:
        return "lease_s", (
            f"{locks.lease_s:g} is less than three times renew_s ({3 * locks.renew_s:g}); one slow"
            " write must not reset a node"
        )
    if locks.collision_s <= locks.renew_s:
        return "collision_s", (
            f"{locks.collision_s:g} is not longer than renew_s ({locks.renew_s:g}); a node whose"
            " lock was overwritten has to notice before the other starts"
        )
    least = lock_least_s(locks.lease_s, reset_s)
    if locks.timeout_s < least:
        with_reset = f" + watchdog {reset_s:g}" if reset_s else ""
        return "timeout_s", (
            f"{locks.timeout_s:g} is less than lease_s {locks.lease_s:g}{with_reset} + margin"
            f" {MARGIN_S:g} = {least:g}; a lock must not be taken while its owner may still write"
        )
    return "", ""


def head_start_note(timing: Timing, timeout_s: float) -> str:
    """The risk of a head start shorter than a fence: the end of a sentence, empty if none."""
    if timeout_s <= 0 or timing.fence_delay_s > timeout_s:
        return ""
    return (
        f"{timing.fence_delay_s:g} is not longer than the {timeout_s:g} s that the device may take."
        f" When all links are lost, the owner cuts the power of its standby at {timing.dead_s:g} s,"
        f" and the standby that of the owner at {timing.dead_s:g} + {timing.fence_delay_s:g} ="
        f" {timing.dead_s + timing.fence_delay_s:g} s. A device that takes longer than"
        f" {timing.fence_delay_s:g} s switches off both"
    )
