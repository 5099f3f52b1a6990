# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node remembers of its contact with the peer. Monotonic seconds of its own clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contact:
    """What the peer is known to have heard from here, by the time at which it was sent.

    A heartbeat that arrives proves little: it may come from a buffer, and of a path only the other
    direction may be left (F17, F18). One that says which of ours it answers proves that the peer
    heard this node after that one was sent.
    """

    asked: int = 0
    """Sequence of the own heartbeat whose answer is waited for, 0 for none."""
    asked_at: float = 0.0
    answered_at: float | None = None
    """When the newest own heartbeat was sent that a message of the peer has answered."""
    acked_at: float | None = None
    """When the newest own heartbeat was sent that the peer is known to have heard."""
    anchors: tuple[tuple[str, float], ...] = ()
    """The same for each service, as it was when both nodes last said its replication is connected;
    what is not replicated needs no connection."""
    heard_at: float = 0.0
    """When the peer was last heard before the pause of paused_at."""
    paused_at: float = 0.0


@dataclass(frozen=True)
class Vigil:
    """The watch over a silent peer and over this node's own lease."""

    ping_since: float | None = None
    """Since when a ping target has been reached without a gap."""
    ping_at: float | None = None
    """When the last request was sent that a ping target has answered."""
    quiet_since: float | None = None
    """Since when all has been silent: heartbeats, kernel and addresses of the peer."""
    probe_op: int = 0
    probe_at: float = 0.0
    """When the last probe was ordered."""
    probed_at: float = 0.0
    """When the last one was ordered to which nobody answered."""
    next_probe: float = 0.0
    answered: str = ""
    """Who answered the last probe."""
    next_pet: float = 0.0
