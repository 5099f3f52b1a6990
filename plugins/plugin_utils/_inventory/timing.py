# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_timing: durations of the failure detector and of exclusion."""

from __future__ import annotations

from .._daemon import Timing, timing
from .kinds import Key, Number
from .nested import Keys

SAYS = {
    "heartbeat_s": "Pause between two heartbeats on every link.",
    "suspect_s": "Silence after which the fence devices are asked, only asked, for the peer's"
    " power.",
    "dead_s": "Silence after which the peer may be excluded.",
    "fence_delay_s": "Head start of the owner: how much later the standby uses a fence device.",
    "fence_retry_s": "First pause after all exclusion methods failed; it doubles up to a minute.",
    "query_s": "Pause between two rounds of questions to the fence devices.",
    "startup_s": "How long a node that starts waits for a peer that it never heard.",
    "handler_s": "How long DRBD's fence-peer handler waits for an exclusion.",
    "move_s": "How long a planned move may take before it is rolled back.",
    "failure_expiry_s": "How long a failure on a node is remembered.",
    "power_on_s": "How long after a fence the peer is powered on again.",
    "witness_s": "How long an owner misses its ping targets before its services move.",
    "link_steady_s": "How long a link that was down is heard without a gap until it counts as up.",
}
TIMING = Keys(
    {
        name: Key(Number(*limits), SAYS[name], otherwise=f"`{getattr(Timing(), name):g}`")
        for name, limits in timing.LIMITS.items()
    }
)
