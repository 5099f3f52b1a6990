# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon writes down: the journal for a replay, the history for people."""

__all__ = ["chronicle", "history", "journal", "lines", "replay", "replayed", "spool"]
