# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of the daemon: the journal for a replay, the history for people."""

__all__ = [
    "chronicle",
    "ended",
    "history",
    "journal",
    "lines",
    "recent",
    "replay",
    "replayed",
    "segments",
    "sightings",
    "spool",
]
