# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverd: keeps every service of a two-node cluster running on exactly one node."""

from __future__ import annotations

PROTOCOL = 2
"""The form of heartbeats. 1 was never released; nothing speaks it any more."""
VERSION = "0.1.0"
