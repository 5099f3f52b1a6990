# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a replicated disk, and what may be concluded from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Disk:
    """The state of a replicated disk, in DRBD's own words (Primary, UpToDate, Connected, ...)."""

    role: str = "Unknown"
    disk: str = "Unknown"
    peer_role: str = "Unknown"
    peer_disk: str = "Unknown"
    connection: str = "Unknown"
    suspended: bool = False
    """I/O is frozen until the peer is excluded."""

    @property
    def connected(self) -> bool:
        """The kernels talk to each other, whatever the heartbeats say (F12)."""
        return self.connection in CONNECTED

    @property
    def split(self) -> bool:
        """The kernels refuse each other: their copies may have diverged (F39)."""
        return self.connection == "StandAlone"

    @property
    def current(self) -> bool:
        """The only state from which a service may start (F08, F33, F42)."""
        return self.disk == "UpToDate"


CONNECTED = frozenset(
    {
        "Connected",
        "StartingSyncS",
        "StartingSyncT",
        "WFBitMapS",
        "WFBitMapT",
        "WFSyncUUID",
        "SyncSource",
        "SyncTarget",
        "VerifyS",
        "VerifyT",
        "PausedSyncS",
        "PausedSyncT",
        "Ahead",
        "Behind",
        "Established",
    }
)
