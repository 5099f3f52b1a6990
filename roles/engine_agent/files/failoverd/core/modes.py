# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modes that an operator sets: standby for one node, maintenance for the cluster.

Each mode is a count of its changes, odd while the mode is on. The greater count is the newer word.
So both nodes agree as soon as they hear each other, whoever was down when it was said, and a mode
of a node can be changed on the other one.

Maintenance (F66): no decision starts, stops, moves, fences or recovers anything. What goes on:
- An operation that has begun is finished; a start that fails is undone.
- Heartbeats, disks, links, failures are watched and told. Fence devices are asked, never ordered.
- DRBD's handlers are answered over a proof only, as always: a fence device that says "off", a peer
  that has outdated its own disk, an operator's word. Nobody shoots, so without one of these the
  I/O stays frozen until the mode ends.
- A node outdates its disk for a peer that goes on with the data (F13).
- A service that is up on both nodes is stopped on one of them. S1 has no exception.
- A watchdog lease still runs out, because the peer may have ended the mode without being heard.
At its end everything is probed, because people may have changed what runs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Modes:
    """Kept on both nodes over restarts and boots."""

    maintenance: int = 0
    standby: int = 0
    """This node's own."""
    peer_standby: int = 0
    """The other node's, as far as it is known here."""


def is_on(count: int) -> bool:
    """Whether a mode with that count is on."""
    return count % 2 == 1


def turned(count: int, on: bool) -> int:
    """The count that says this, newer than the given one if it says something else."""
    return count if is_on(count) is on else count + 1
